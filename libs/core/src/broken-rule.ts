import type { ValidationError } from 'class-validator';

/**
 * Returns the message of the first rule that a value breaks, in the order in which the class declares the rules. Declare the rule
 * about the type first: `@IsString()` above `@MaxLength()`. class-validator itself reports the last declared rule first.
 */
export const firstBrokenRule = ({ constraints = {} }: ValidationError): string | undefined => Object.values(constraints).at(-1);
