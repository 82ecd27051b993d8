import { ValidateIf } from 'class-validator';

/**
 * Marks a field that may be absent. Use it instead of `IsOptional` for request bodies and for the data of events.
 *
 * An absent field is not checked. `null` is checked by the other rules of the field, and they refuse it: `IsOptional` skips
 * every rule for `null`, so code that is typed for `undefined` receives `null`.
 */
export const OptionalField = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
