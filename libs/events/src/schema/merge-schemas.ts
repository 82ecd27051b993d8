import type { JsonPrimitive, JsonSchema, JsonType } from './json-schema.js';
import { InexpressibleRule } from './rule.schemas.js';
import { lengthPattern, limitsOf } from './text.patterns.js';

type Draft = { -readonly [Key in keyof JsonSchema]: JsonSchema[Key] };
type Limit =
  'minLength' | 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum' | 'minItems' | 'maxItems' | 'minProperties';

const HIGHEST: readonly Limit[] = ['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties'];
const LOWEST: readonly Limit[] = ['maximum', 'exclusiveMaximum', 'maxItems'];
const isNumber = (value: number | undefined): value is number => value !== undefined;

/**
 * Returns one schema that accepts what all schemas accept.
 *
 * @throws InexpressibleRule if no value has all the types.
 */
export function mergeSchemas(schemas: readonly JsonSchema[]): JsonSchema {
  const merged: Draft = {};
  const type = schemas.map((schema) => schema.type).reduce(commonType, undefined);
  if (type) merged.type = type;
  const values = schemas.flatMap((schema) => (schema.enum ? [schema.enum] : [])).reduce(commonValues, undefined);
  for (const limit of HIGHEST) setLimit(merged, limit, Math.max, schemas);
  for (const limit of LOWEST) setLimit(merged, limit, Math.min, schemas);
  if (schemas.some(({ uniqueItems }) => uniqueItems)) merged.uniqueItems = true;
  const items = schemas.flatMap((schema) => schema.items ?? []);
  if (items.length) merged.items = mergeSchemas(items);
  const refs = new Set(schemas.flatMap((schema) => schema.$ref ?? []));
  if (refs.size) merged.$ref = [...refs][0]!;
  const refused = refusedValues(schemas, merged);
  if (refused.length) merged.not = { enum: refused };
  setPatterns(merged, schemas);
  if (values) setValues(merged, values);
  return merged;
}

function commonType(one: JsonType | undefined, other: JsonType | undefined): JsonType | undefined {
  if (one === undefined || other === undefined || one === other) return one ?? other;
  if ([one, other].includes('integer') && [one, other].includes('number')) return 'integer';
  throw new InexpressibleRule(`no value is both ${one} and ${other}: remove one of its decorators`);
}

const commonValues = (one: readonly JsonPrimitive[] | undefined, other: readonly JsonPrimitive[]): readonly JsonPrimitive[] =>
  one?.filter((value) => other.includes(value)) ?? other;

function setLimit(merged: Draft, limit: Limit, choose: (...values: number[]) => number, schemas: readonly JsonSchema[]): void {
  const found = schemas.map((schema) => schema[limit]).filter(isNumber);
  if (found.length) merged[limit] = choose(...found);
}

/** A type excludes null, and a text that must not be empty has a minimum length. */
function refusedValues(schemas: readonly JsonSchema[], merged: Draft): JsonPrimitive[] {
  const all = new Set(schemas.flatMap(({ not }) => not?.enum ?? (not && 'const' in not ? [not.const!] : [])));
  if (merged.type) all.delete(null);
  if (merged.type !== undefined && merged.type !== 'string') all.delete('');
  if (merged.type === 'string' && all.delete('')) merged.minLength = Math.max(1, merged.minLength ?? 0);
  return [...all];
}

/** Merges all limits of the length into one pattern, so that different decorators with the same limits have one schema. */
function setPatterns(merged: Draft, schemas: readonly JsonSchema[]): void {
  const patterns = [...new Set(schemas.flatMap((schema) => schema.pattern ?? []))];
  const limits = patterns.flatMap((pattern) => limitsOf(pattern) ?? []);
  const others = patterns.filter((pattern) => !limitsOf(pattern));
  if (limits.length) {
    const min = Math.max(merged.minLength ?? 0, ...limits.map((limit) => limit.min));
    const max = Math.min(...limits.map((limit) => limit.max));
    delete merged.minLength;
    others.push(lengthPattern(min, Number.isFinite(max) ? max : undefined));
  }
  const [first, ...more] = others;
  if (first !== undefined) merged.pattern = first;
  if (more.length) merged.allOf = more.map((pattern) => ({ pattern }));
}

/** Lists the values that the other keywords accept. They all have one type, or the schema has none. */
function setValues(merged: Draft, values: readonly JsonPrimitive[]): void {
  const accepted = values.filter((value) => !merged.not?.enum?.includes(value) && hasType(value, merged.type));
  delete merged.not;
  if (!accepted.length) throw new InexpressibleRule('no value satisfies all its rules: remove one of its decorators');
  const types = new Set(accepted.map((value) => (value === null ? 'null' : typeof value)));
  if (!merged.type && types.size === 1) merged.type = [...types][0] as JsonType;
  if (accepted.length === 1) merged.const = accepted[0]!;
  else merged.enum = accepted;
}

function hasType(value: JsonPrimitive, type: JsonType | undefined): boolean {
  if (type === undefined) return true;
  return type === 'integer' ? Number.isInteger(value) : (value === null ? 'null' : typeof value) === type;
}
