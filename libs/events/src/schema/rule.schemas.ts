import { PikaiaError, type TextLength } from '@pikaia/core';
import type { JsonPrimitive, JsonSchema } from './json-schema.js';
import * as text from './text.patterns.js';

/** Thrown by the schema of a rule that a schema cannot express. The message says what to use instead. */
export class InexpressibleRule extends Error {}

/** Returns the schema of the values that a rule accepts. `constraints` are the arguments of the decorator. */
export type RuleSchema = (constraints: readonly unknown[]) => JsonSchema;

const string = (pattern: string): JsonSchema => ({ type: 'string', pattern });
const number = (limits: JsonSchema): JsonSchema => ({ type: 'number', ...limits });
const array = (limits: JsonSchema): JsonSchema => ({ type: 'array', ...limits });

/** The rules whose schema accepts exactly the same values, by the name that class-validator reports. */
const RULES: Readonly<Record<string, RuleSchema>> = {
  isString: () => ({ type: 'string' }),
  isBoolean: () => ({ type: 'boolean' }),
  isInt: () => ({ type: 'integer' }),
  isNumber: ([options]) => {
    if ((options as { maxDecimalPlaces?: number } | undefined)?.maxDecimalPlaces !== undefined)
      throw new InexpressibleRule('a schema cannot count decimal places: use @IsInt and the smaller unit, such as cents');
    return { type: 'number' };
  },
  isObject: () => ({ type: 'object' }),
  isNotEmptyObject: ([options]) => {
    if ((options as { nullable?: boolean } | undefined)?.nullable === false)
      throw new InexpressibleRule('a schema cannot express { nullable: false }: use a class with @ValidateNested');
    return { type: 'object', minProperties: 1 };
  },
  isArray: () => ({ type: 'array' }),
  arrayNotEmpty: () => array({ minItems: 1 }),
  arrayMinSize: ([min]) => array({ minItems: wholeNumber(min) }),
  arrayMaxSize: ([max]) => array({ maxItems: wholeNumber(max) }),
  arrayUnique: () => array({ uniqueItems: true }),
  min: ([min]) => number({ minimum: finite(min) }),
  max: ([max]) => number({ maximum: finite(max) }),
  isPositive: () => number({ exclusiveMinimum: 0 }),
  isNegative: () => number({ exclusiveMaximum: 0 }),
  isIn: ([values]) => oneOf(values as readonly unknown[]),
  isEnum: ([entity]) => oneOf(Object.values(entity as object)),
  equals: ([value]) => oneOf([value]),
  isNotIn: ([values]) => ({ not: oneOf(values as readonly unknown[]) }),
  notEquals: ([value]) => ({ not: oneOf([value]) }),
  isNotEmpty: () => ({ not: { enum: ['', null] } }),
  isDefined: () => ({ not: { const: null } }),
  isDate: () => ({}), // see DataField.kind
  isLength: ([min, max]) => length(min, max),
  minLength: ([min]) => length(min, undefined),
  maxLength: ([max]) => length(0, max),
  isText: ([limits]) => length((limits as TextLength).min ?? 0, (limits as TextLength).max),
  matches: ([expression, flags]) => matches(expression as RegExp | string, flags as string | undefined),
  isUuid: ([version]) => {
    const pattern = text.uuidPattern([version].flat());
    if (pattern === undefined) throw new InexpressibleRule('it accepts no text with this version: use 1 to 8, nil, max or all');
    return string(pattern);
  },
  isEmail: ([options]) => {
    if (Object.keys(options ?? {}).length)
      throw new InexpressibleRule('its options have no schema: use it without options, or use @Matches(/^…$/u)');
    return string(text.EMAIL_PATTERN);
  },
  isTimestamp: () => string(text.TIMESTAMP_PATTERN),
  isIso8601: ([options]) => iso8601(options),
  isDateString: ([options]) => iso8601(options),
  isAscii: () => string('^[\\x00-\\x7F]+$'),
  isAlpha: ([locale]) => english(locale, '^[A-Za-z]+$'),
  isAlphanumeric: ([locale]) => english(locale, '^[0-9A-Za-z]+$'),
  isHexadecimal: () => string('^(?:0[xXhH])?[0-9A-Fa-f]+$'),
  isMongoId: () => string('^(?=[\\s\\S]{24}$)(?:0[xXhH])?[0-9A-Fa-f]+$'),
  isNumberString: ([options]) => {
    const { no_symbols: isDigits, locale } = (options ?? {}) as { no_symbols?: boolean; locale?: string };
    if (locale !== undefined) throw new InexpressibleRule('its locale has no schema: use @Matches(/^…$/u)');
    return string(isDigits ? '^[0-9]+$' : '^[+-]?(?:[0-9]*[.])?[0-9]+$');
  },
  isBooleanString: () => ({ type: 'string', enum: ['true', 'false', '1', '0'] }),
};

/** The keywords that the schema of a rule can have, so that several rules of a field can be merged. */
const KEYWORDS = new Set<string>(
  'type enum pattern minLength minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems minProperties'.split(' '),
);

const declared = new Map<string, RuleSchema>();

/**
 * Declares the schema of your own decorator, so that contract files can contain it. The schema must accept exactly the values
 * that the decorator accepts.
 *
 * @param name the `name` of `ValidateBy` or `registerDecorator`, or the name of the `@ValidatorConstraint`.
 * @param schema returns the schema from the `constraints` of the decorator.
 * @throws PikaiaError `PIKAIA_EVENT_SCHEMA_UNSUPPORTED` for a rule that already has a schema.
 */
export function declareRuleSchema(name: string, schema: RuleSchema): void {
  if (Object.hasOwn(RULES, name) || declared.has(name))
    throw new PikaiaError(
      'PIKAIA_EVENT_SCHEMA_UNSUPPORTED',
      `The rule ${name} already has a schema: give your decorator another name.`,
    );
  declared.set(name, (constraints) => checkKeywords(schema(constraints)));
}

function checkKeywords(schema: JsonSchema): JsonSchema {
  const unknown = Object.keys(schema).find((keyword) => !KEYWORDS.has(keyword));
  if (unknown === undefined) return schema;
  throw new InexpressibleRule(`its schema has the keyword ${unknown}: use only ${[...KEYWORDS].join(', ')}`);
}

/** Returns undefined for an unknown rule. */
export const ruleSchema = (name: string): RuleSchema | undefined =>
  (Object.hasOwn(RULES, name) ? RULES[name] : undefined) ?? declared.get(name);

function oneOf(values: readonly unknown[]): JsonSchema {
  const isPrimitive = (value: unknown): value is JsonPrimitive =>
    value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
  if (!values.length || !values.every(isPrimitive))
    throw new InexpressibleRule('a schema can list only texts, numbers, booleans and null, and at least one: list those');
  return { enum: [...new Set(values)] };
}

/** Minimum and maximum as class-validator reads them: a missing minimum is 0. */
function length(min: unknown, max: unknown): JsonSchema {
  const least = wholeNumber(min ?? 0);
  if (max === undefined && least <= 1) return { type: 'string', ...(least && { minLength: least }) };
  return string(text.lengthPattern(least, max === undefined ? undefined : wholeNumber(max)));
}

function matches(expression: RegExp | string, flags: string | undefined): JsonSchema {
  const found = text.patternOf(expression instanceof RegExp ? expression : new RegExp(expression, flags));
  if ('problem' in found) throw new InexpressibleRule(`its expression ${found.problem}`);
  return string(found.pattern);
}

function iso8601(options: unknown): JsonSchema {
  const { strict, strictSeparator } = (options ?? {}) as { strict?: boolean; strictSeparator?: boolean };
  if (strict) throw new InexpressibleRule('a schema cannot express { strict: true }: use @IsTimestamp() of @pikaia/events');
  return string(text.isoPattern(strictSeparator ? 'T' : '[T\\s]'));
}

function english(locale: unknown, pattern: string): JsonSchema {
  if (locale !== undefined && locale !== 'en-US') throw new InexpressibleRule('its locale has no schema: use @Matches(/^…$/u)');
  return string(pattern);
}

function wholeNumber(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new InexpressibleRule('its limit must be a whole number from 0');
}

function finite(value: unknown): number {
  if (Number.isFinite(value)) return value as number;
  throw new InexpressibleRule('its limit must be a number');
}
