import { maxLength, minLength, ValidateBy } from 'class-validator';

export interface TextLength {
  /** The smallest number of characters. By default an empty text is accepted. */
  readonly min?: number;
  readonly max: number;
}

/** Accepts a string whose length is within the limits. Unlike `@IsString()` with length rules, it reports one problem, the type first. */
export const IsText = (length: TextLength): PropertyDecorator =>
  TextRule('isText', (value) => textProblem(value, length), [length]);

/**
 * Makes a property decorator from a function that returns the problem with a value, such as `must be a string`.
 *
 * @param constraints the arguments of the rule, for code that reads the rules of a class.
 */
export const TextRule = (
  name: string,
  problemOf: (value: unknown) => string | undefined,
  constraints: unknown[] = [],
): PropertyDecorator =>
  ValidateBy({
    name,
    constraints,
    validator: {
      validate: (value) => problemOf(value) === undefined,
      defaultMessage: (details) => `$property ${problemOf(details!.value)}`,
    },
  });

/** Returns the problem with the type or the length of a text. */
export function textProblem(value: unknown, { min = 0, max }: TextLength): string | undefined {
  if (typeof value !== 'string') return 'must be a string';
  if (value === '' && min > 0) return 'must not be empty';
  if (!minLength(value, min)) return `must have at least ${characters(min)}`;
  return maxLength(value, max) ? undefined : `must not be longer than ${characters(max)}`;
}

const characters = (count: number): string => (count === 1 ? '1 character' : `${count} characters`);
