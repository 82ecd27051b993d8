const personalFields = new WeakMap<object, Set<string>>();

/**
 * Marks a field of a contract class, or of a class inside one, as personal data: an email address, a name, an IP address. The stored
 * event and its consumers keep the value. It is masked where people read about the event: in errors, dead letters, the log lines of
 * consumers, and what operators see.
 *
 * `Personal` of @pikaia/audit is for the columns of entities: it names the person in whose erasable row the value is stored.
 */
export const Personal = (): PropertyDecorator => (prototype, field) => {
  const fields = personalFields.get(prototype) ?? new Set();
  personalFields.set(prototype, fields.add(String(field)));
};

/** True if a class, or a class that it extends, marks the field with `@Personal()`. */
export function isPersonal(type: Function, field: string): boolean {
  for (let at = type.prototype as object | null; at; at = Object.getPrototypeOf(at) as object | null) {
    if (personalFields.get(at)?.has(field)) return true;
  }
  return false;
}
