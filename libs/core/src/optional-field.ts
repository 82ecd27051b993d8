import { ValidateIf } from 'class-validator';

/**
 * Marks a field that may be absent. Use it instead of `IsOptional` for settings, request bodies and the data of events.
 *
 * An absent field is valid. `null` is validated by the other rules of the field, which refuse it. `IsOptional` skips every
 * rule for `null`, so code that is typed for `undefined` would receive `null`.
 */
export const OptionalField = (): PropertyDecorator => ValidateIf(isPresent);

/** The condition of `OptionalField`. Code that reads the rules of a class recognizes the decorator by it. */
export const isPresent = (_: object, value: unknown): boolean => value !== undefined;
