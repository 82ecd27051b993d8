import { Transform } from 'class-transformer';

/**
 * Converts a text when its request or settings class is filled. A text for which `convert` returns undefined stays, and so does a
 * value that is not a text: the rules of the field refuse it then. Do not use it in an event class, because `publish()` stores its
 * data unchanged.
 */
export const ConvertText = (convert: (text: string) => unknown): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (convert(value) ?? value) : value));
