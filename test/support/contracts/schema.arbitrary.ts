import fc, { type Arbitrary } from 'fast-check';

/** A schema as contract files contain it. */
export type Schema = Readonly<Record<string, unknown>>;

// Variation selectors, an emoji that needs one, a character of two code units, half of one, and other characters with pitfalls.
const UNUSUAL = [
  '\ufe0f',
  '\ufe0e',
  '❤\ufe0f',
  '👍',
  '\ud83d',
  '\u0301',
  '\u2028',
  '\n',
  ' ',
  'ſ',
  'K',
  'İ',
  'ß',
  '@',
  '.',
  '-',
  '"',
  '٣',
];
const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...'abzAZF019') },
  { weight: 3, arbitrary: fc.constantFrom(...UNUSUAL) },
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const anyText = fc.string({ unit: character, maxLength: 12 });
const longText = fc
  .tuple(fc.string({ unit: character, minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 260 }))
  .map(([unit, count]) => unit.repeat(count));
const longName = fc.integer({ min: 58, max: 68 }).map((count) => 'x'.repeat(count));
const label = fc.oneof(fc.string({ unit: fc.constantFrom(...'aZ0-_ü。'), minLength: 1, maxLength: 5 }), longName);
const email = fc
  .tuple(
    fc.oneof(anyText, label, fc.constantFrom('"', '""', '"a@b"', '"\\""', 'a.b', 'a..b', '.a')),
    fc.array(label, { maxLength: 4 }),
    fc.constantFrom('com', 'xn--p1ai', 'c', '12', 'ü', 'рф', 'a\u3000b', 'xn-'),
  )
  .map(([local, labels, top]) => `${local}@${[...labels, top].join('.')}`);
/** Addresses of about 254 characters, the longest that the rule accepts. */
const longEmail = fc.integer({ min: 250, max: 258 }).map((length) => {
  const domain = `${`${'x'.repeat(59)}.`.repeat(3)}${'y'.repeat(length - 190)}`.slice(0, 239);
  return `${'a'.repeat(length - domain.length - 5)}@${domain}.com`;
});
const zone = fc.constantFrom('Z', 'z', '+00:00', '-14:59', '+15:00', '');
const digits = fc.stringMatching(/^(\.[0-9]{1,10})?$/);
const pad = (count: number) => (value: number) => String(value).padStart(count, '0');
const part = (max: number) => fc.integer({ min: 0, max }).map(pad(2));
const date = fc
  .tuple(fc.constantFrom('0000', '0001', '1900', '2000', '2024', '2026', '9999'), part(13), part(32), part(24), part(60))
  .map(([year, month, day, hour, minute]) => `${year}-${month}-${day}T${hour}:${minute}:${minute}`);
const timestamp = fc.tuple(date, digits, zone).map((parts) => parts.join(''));
const isoDate = fc.date({ noInvalidDate: true, min: new Date(-1e15), max: new Date(3e14) }).map((value) => value.toISOString());
const isoParts = fc
  .tuple(
    fc.constantFrom(
      '2026',
      '2026-02',
      '2026-02-30',
      '202602',
      '20260230',
      '2026-W05',
      '2026W53-8',
      '2026-366',
      '2026367',
      '+2026-01-01',
    ),
    fc.constantFrom('T', ' ', '\n', 't', ''),
    fc.constantFrom(
      '',
      '24',
      '24:00',
      '2400',
      '24:59',
      '23:59:60',
      '23:59:59',
      '235959,5',
      '08:30:00.5',
      '0830:00',
      '12.5',
      '24:00:00',
    ),
    fc.constantFrom('Z', 'z', '+02', '+0200', '-24:00', ''),
  )
  .map((parts) => parts.join(''));
const uuid = fc
  .tuple(fc.constantFrom(...'0123456789'), fc.constantFrom(...'0789abcdefAF'), fc.uuid(), fc.boolean())
  .map(([version, variant, id, isUpper]) => {
    const changed = `${id.slice(0, 14)}${version}${id.slice(15, 19)}${variant}${id.slice(20)}`;
    return isUpper ? changed.toUpperCase() : changed;
  });
const special = fc.constantFrom(
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-FFFF-ffff-ffff-ffffffffffff',
  '',
  'true',
  '0',
  '1',
  '0x1f',
  '0H1F',
  `0x${'a'.repeat(22)}`,
  'b'.repeat(24),
  '.5',
  '+1.5',
  '1.',
  'A-1',
);

/** Texts that are close to the border between valid and invalid for the rules of class-validator. */
export const borderText: Arbitrary<string> = fc.oneof(
  anyText,
  longText,
  email,
  longEmail,
  timestamp,
  isoDate,
  isoParts,
  uuid,
  special,
);

// fc.integer covers the numbers that publish accepts; the other limits of the transport are not part of a schema.
const number = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer(), fc.double({ noNaN: true, min: -1e6, max: 1e6 }));
const name = fc.stringMatching(/^[a-z]{1,4}$/);
export const anyJson: Arbitrary<unknown> = fc
  .oneof(
    fc.constant(null),
    fc.boolean(),
    number,
    borderText,
    fc.array(fc.oneof(fc.constant(null), fc.boolean(), number, anyText), { maxLength: 3 }),
    fc.dictionary(name, fc.oneof(fc.constant(null), number, anyText), { maxKeys: 3 }),
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** Generates values that the schema accepts. A class that contains itself is nested at most twice. */
export function valuesOf(schema: Schema, root: Schema = schema, depth = 0): Arbitrary<unknown> {
  const refused = (schema['not'] as { enum?: unknown[] } | undefined)?.enum ?? [];
  return positiveValues(schema, root, depth).filter((value) => !refused.includes(value));
}

function positiveValues(schema: Schema, root: Schema, depth: number): Arbitrary<unknown> {
  const { $ref, anyOf, type } = schema as { $ref?: string; anyOf?: Schema[]; type?: string };
  if ($ref) return valuesOf((root['$defs'] as Record<string, Schema>)[$ref.slice('#/$defs/'.length)]!, root, depth + 1);
  if (anyOf) return fc.oneof(...anyOf.map((each) => valuesOf(each, root, depth)));
  if ('const' in schema) return fc.constant(schema['const']);
  if (schema['enum']) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const bounds = schema as Readonly<Record<string, number | undefined>>;
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return number
        .map((value) => (type === 'integer' ? Math.round(value) : value) + 0)
        .filter((value) => isWithin(value, bounds));
    case 'string':
      return textOf(schema);
    case 'array':
      if (depth > 2 && (schema['items'] as Schema)['$ref']) return fc.constant([]);
      if (schema['uniqueItems']) return fc.uniqueArray(valuesOf(schema['items'] as Schema, root, depth), { maxLength: 5 });
      return fc.array(schema['items'] ? valuesOf(schema['items'] as Schema, root, depth) : anyJson, {
        minLength: bounds['minItems'] ?? 0,
        maxLength: Math.min(bounds['maxItems'] ?? 5, (bounds['minItems'] ?? 0) + 5),
      });
    case 'object':
      return objectOf(schema, root, depth);
    default:
      return anyJson;
  }
}

function isWithin(value: number, bounds: Readonly<Record<string, number | undefined>>): boolean {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = bounds;
  return value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum;
}

function objectOf({ properties, required = [], minProperties = 0 }: Schema, root: Schema, depth: number): Arbitrary<unknown> {
  if (!properties)
    return fc.dictionary(name, anyJson, { minKeys: minProperties as number, maxKeys: 4 }).map((object) => ({ ...object }));
  const fields = Object.entries(properties as Record<string, Schema>).map(
    ([key, field]) => [key, valuesOf(field, root, depth)] as const,
  );
  return fc.record(Object.fromEntries(fields), { requiredKeys: required as string[], noNullPrototype: true });
}

function textOf({ pattern, allOf = [], minLength = 0 }: Schema): Arbitrary<string> {
  const patterns = [pattern, ...(allOf as Schema[]).map((each) => each['pattern'])].filter(
    (each) => each !== undefined,
  ) as string[];
  const expressions = patterns.map((each) => new RegExp(each, 'u'));
  const isValid = (text: string) => expressions.every((each) => each.test(text)) && [...text].length >= (minLength as number);
  const matching =
    patterns.length && !/\(\?[=!<]|\\[bu]|\\1|\{\d+,\d{3,}\}/.test(pattern as string)
      ? fc.stringMatching(expressions[0]!)
      : borderText;
  return fc.oneof(matching, ...(expressions.length ? [borderText, email, timestamp, isoDate, uuid] : [])).filter(isValid);
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Changes one place of a JSON value at random: removes, adds or replaces a field, an item, a character or a number. */
export const mutationsOf = (value: unknown): Arbitrary<unknown> =>
  fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 7 }), anyJson, character, fc.nat(300))
    .map(([place, change, other, inserted, at]) => {
      const copy = [JSON.parse(JSON.stringify(value)) as Json];
      const places: [Json[] | { [key: string]: Json }, string | number][] = [[copy, 0]];
      for (const [parent, key] of places) {
        const child = (parent as Record<string | number, Json>)[key]!;
        if (typeof child === 'object' && child !== null)
          for (const inner of Object.keys(child)) places.push([child as never, Array.isArray(child) ? Number(inner) : inner]);
      }
      const [parent, key] = places[place % places.length]!;
      const target = parent as Record<string | number, Json>;
      target[key] = changed(target[key]!, change, other as Json, inserted, at);
      if (change === 0 && parent !== copy && !Array.isArray(parent)) delete target[key];
      return copy[0];
    });

function changed(value: Json, change: number, other: Json, inserted: string, at: number): Json {
  if (change === 1) return other;
  if (typeof value === 'string') {
    const index = at % (value.length + 1);
    if (change < 4) return value.slice(0, index) + value.slice(index + 1);
    if (change < 6) return value.slice(0, index) + inserted + value.slice(index);
    return value.toLowerCase() === value ? value.toUpperCase() : value.toLowerCase();
  }
  if (typeof value === 'number')
    return [value + 1, -value || 0, value + 0.5, String(value), value * 100, null, -1][change - 1] ?? value;
  if (Array.isArray(value)) return change < 4 ? value.slice(1) : [...value, ...(change < 6 ? value : [other])];
  if (typeof value === 'object' && value !== null) return change < 6 ? { ...value, unknown_field: other } : [value];
  return change < 4 ? null : value === null ? false : String(value);
}

/** True if a value contains a long address with letters beyond ASCII, whose bytes `IsEmail` limits and a schema cannot count. */
export function hasLongForeignAddress(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('@') && /[^\0-\x7f]/.test(value) && Buffer.byteLength(value) > 60;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasLongForeignAddress);
}
