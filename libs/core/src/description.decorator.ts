const descriptions = new WeakMap<object, Map<string | undefined, string>>();

/**
 * Describes a class with validation rules, or a field of one, in one or two sentences. Documents that are generated from the class
 * show the text: the contract files of events, and the OpenAPI document.
 */
export const Description =
  (text: string): ClassDecorator & PropertyDecorator =>
  (target: object, field?: string | symbol): void => {
    const type = field === undefined ? target : target.constructor;
    const known = descriptions.get(type) ?? new Map<string | undefined, string>();
    descriptions.set(type, known.set(field as string | undefined, text));
  };

/** Returns the description of a class, or of a field, which can be inherited. */
export function descriptionOf(type: Function, field?: string): string | undefined {
  if (field === undefined) return descriptions.get(type)?.get(undefined);
  for (let at = type; at !== Function.prototype; at = Object.getPrototypeOf(at) as Function) {
    const text = descriptions.get(at)?.get(field);
    if (text !== undefined) return text;
  }
  return undefined;
}
