import { getMetadataStorage } from 'class-validator';
import type { Rule } from '../contract/data-class.js';
import type { JsonSchema } from './json-schema.js';
import { limitsOf } from './text.patterns.js';

const WORDS =
  'a A ab aB1 é 0 1 -1 1.5 007 true false yes 0x1F 0h1F a-b 0123456789abcdef01234567 12345 1234567890 AB-12 example.com 127.0.0.1 ::1 {"a":1} ' +
  'https://example.com/a?b=1 bob@example.com bob@example b.o+b@xn--bcher-kva.example "b@b"@example.com @example.com bob@-a.com 24:00 ' +
  '2026-01-31 2026-02-30 2026-01-31T08:30:00Z 2026-01-31T08:30:00.000Z 2026-W05 2026 08:30 00000000-0000-0000-0000-000000000000 ' +
  'ffffffff-ffff-ffff-ffff-ffffffffffff 019c12f4-7175-0abc-8504-af03c46f1d1b 019C12f4-7175-1abc-8504-af03c46f1d1b ' +
  '019c12f4-7175-4abc-8504-af03c46f1d1b 019c12f4-7175-7abc-8504-af03c46f1d1b 019c12f4-7175-9abc-8504-af03c46f1d1b';
const TEXTS = [...WORDS.split(' '), '', ' ', 'a b\n', '\u{1f44d}', '2026-01-31 08:30', `${'b'.repeat(65)}@a.com`];
const NUMBERS = [0, 1, -1, 2, 7, 42, 100, 0.5, -0.5, 1.25, 1e6, -1e6];
const PROBES: readonly unknown[] = [null, true, false, [], [1], ['a', 'b'], {}, { a: 1 }, { a: null }, ...NUMBERS, ...TEXTS];

/**
 * Compares a rule with its schema on many values. They differ if a decorator of the application has the name of another rule, if
 * an application declared a wrong schema, or if another version of class-validator is installed.
 *
 * @returns JSON text of a value that only one of them accepts, or undefined. It is never a value of the application's data.
 */
export function findDifference(rule: Rule, schema: JsonSchema): string | undefined {
  const [constraint] = getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls);
  const { constraints, propertyName } = rule;
  const differs = (value: unknown): boolean => {
    const details = { value, constraints, property: propertyName, targetName: '', object: { [propertyName]: value } };
    return Boolean(constraint!.instance.validate(value, details)) !== accepts(schema, value);
  };
  const found = [...PROBES, ...valuesNear(schema)].find(differs);
  return found === undefined ? undefined : JSON.stringify(found);
}

/** Returns values at the limits of a schema. */
function valuesNear({
  enum: listed = [],
  not,
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  pattern,
  ...sizes
}: JsonSchema): unknown[] {
  const numbers = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].flatMap((limit) =>
    limit === undefined ? [] : [limit - 1, limit, limit + 1],
  );
  const limits = pattern === undefined ? undefined : limitsOf(pattern);
  const lengths = [limits?.min, limits?.max, sizes.minLength, sizes.minItems, sizes.maxItems, sizes.minProperties]
    .filter((length) => length !== undefined && length < 100_000)
    .flatMap((length) => [length! - 1, length!, length! + 1])
    .filter((length) => length >= 0);
  const isListed = sizes.minItems !== undefined || sizes.maxItems !== undefined;
  return [
    ...listed,
    ...(not?.enum ?? []),
    ...numbers,
    ...lengths.map((length) => (isListed ? Array.from({ length }, () => 1) : '\u{1f44d}'.repeat(length))),
  ];
}

/** Tells whether the schema of a rule accepts a value that is not undefined. */
function accepts(schema: JsonSchema, value: unknown): boolean {
  const { type, not } = schema;
  const values: readonly unknown[] | undefined = schema.enum;
  if (type !== undefined && !hasType(value, type)) return false;
  if (values && !values.includes(value)) return false;
  if ((not?.enum as readonly unknown[] | undefined)?.includes(value) || (not && 'const' in not && not.const === value))
    return false;
  if (typeof value === 'number') return isWithin(value, schema);
  if (typeof value === 'string')
    return (
      [...value].length >= (schema.minLength ?? 0) &&
      (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value))
    );
  if (Array.isArray(value)) return value.length >= (schema.minItems ?? 0) && value.length <= (schema.maxItems ?? Infinity);
  return typeof value !== 'object' || value === null || Object.keys(value).length >= (schema.minProperties ?? 0);
}

function hasType(value: unknown, type: NonNullable<JsonSchema['type']>): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (value === null) return type === 'null';
  return type === (Array.isArray(value) ? 'array' : typeof value);
}

const isWithin = (value: number, { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): boolean =>
  value >= (minimum ?? -Infinity) &&
  value <= (maximum ?? Infinity) &&
  value > (exclusiveMinimum ?? -Infinity) &&
  value < (exclusiveMaximum ?? Infinity);
