const types = new WeakMap<Function, string>();

/** Stores the event type that a contract class declares, so that a library that does not import the events library can read it. */
export const setEventType = (contract: Function, type: string): void => void types.set(contract, type);

/** Returns the event type that a class declares with `@DomainEvent`, such as `member.invited`, or undefined. */
export const eventTypeOf = (contract: Function): string | undefined => types.get(contract);
