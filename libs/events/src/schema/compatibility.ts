import { isDeepStrictEqual } from 'node:util';
import { resolve, withoutNull, type JsonPrimitive, type JsonSchema } from './json-schema.js';
import { limitsOf } from './text.patterns.js';

/** A change that old or new consumers of a version cannot read. */
export interface Incompatibility {
  /** The path of the field, such as `invited_by.email` or `tags[]`. */
  readonly field: string;
  readonly rule: CompatibilityRule;
  /** What happens to which events. */
  readonly reason: string;
}

export type CompatibilityRule =
  | 'required-field-added'
  | 'field-removed'
  | 'field-made-required'
  | 'field-made-optional'
  | 'null-accepted'
  | 'null-refused'
  | 'type-changed'
  | 'value-added'
  | 'value-removed'
  | 'limit-tightened'
  | 'limit-loosened'
  | 'pattern-changed'
  | 'rule-changed'
  | 'aggregate-or-source-changed'
  | 'version-removed';

const STORED = 'stored events and events of older publishers';
const OLDER = 'consumers that run the older class';
const LOWER_LIMITS = ['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties'] as const;
const UPPER_LIMITS = ['maximum', 'exclusiveMaximum', 'maxItems'] as const;
const COMPARED = new Set<string>([
  ...LOWER_LIMITS,
  ...UPPER_LIMITS,
  ...'$schema $id title description $comment $defs $ref type enum const properties required additionalProperties pattern items'.split(
    ' ',
  ),
]);

/**
 * Compares two schemas of one version of a contract. Each must read the events of the other: new consumers read stored events, and
 * old consumers read new events. Consumers ignore fields that they do not know, so an optional field can be added.
 */
export function findIncompatibilities(published: JsonSchema, current: JsonSchema): Incompatibility[] {
  const comparison = new Comparison(published, current);
  if (published.$comment !== current.$comment)
    comparison.report(
      '',
      'aggregate-or-source-changed',
      `"${published.$comment}" became "${current.$comment}": rules of buses and the order of events depend on them`,
    );
  comparison.compareValue('', published, current);
  return comparison.found;
}

class Comparison {
  readonly found: Incompatibility[] = [];
  private readonly compared = new Set<string>();

  constructor(
    private readonly oldRoot: JsonSchema,
    private readonly newRoot: JsonSchema,
  ) {}

  report(field: string, rule: CompatibilityRule, reason: string): void {
    this.found.push({ field: field || 'data', rule, reason });
  }

  compareValue(field: string, oldSchema: JsonSchema, newSchema: JsonSchema): void {
    const [before, after] = [withoutNull(oldSchema), withoutNull(newSchema)];
    if (!before.isNullable && after.isNullable) this.report(field, 'null-accepted', `${OLDER} refuse null`);
    if (before.isNullable && !after.isNullable) this.report(field, 'null-refused', `${STORED} can contain null`);
    const pair = `${before.schema.$ref} ${after.schema.$ref}`;
    if (before.schema.$ref && after.schema.$ref && this.compared.has(pair)) return;
    this.compared.add(pair);
    this.compareSchemas(field, resolve(before.schema, this.oldRoot), resolve(after.schema, this.newRoot));
  }

  private compareSchemas(field: string, before: JsonSchema, after: JsonSchema): void {
    if (before.type !== after.type && !(valuesOf(before) && valuesOf(after))) {
      this.report(field, 'type-changed', `its type was ${typeOf(before)} and is ${typeOf(after)}, which ${OLDER} refuse`);
      return;
    }
    this.compareValues(field, valuesOf(before), valuesOf(after));
    this.compareLimits(field, before, after);
    this.comparePatterns(field, before.pattern, after.pattern);
    if (before.items || after.items) this.compareValue(`${field}[]`, before.items ?? {}, after.items ?? {});
    this.compareFields(field, before, after);
    for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)]))
      if (!COMPARED.has(keyword) && !isDeepStrictEqual(before[keyword as keyof JsonSchema], after[keyword as keyof JsonSchema]))
        this.report(
          field,
          'rule-changed',
          `its schema has another "${keyword}", so old and new consumers accept different values`,
        );
  }

  private compareFields(path: string, before: JsonSchema, after: JsonSchema): void {
    if (!before.properties && !after.properties) return;
    if (!before.properties || !after.properties) {
      const names = before.properties ? 'a class became an object with any fields' : 'an object with any fields became a class';
      this.report(path, 'type-changed', `${names}, which only one of old and new consumers can read`);
      return;
    }
    const isRequired = ({ required = [] }: JsonSchema, name: string) => required.includes(name);
    for (const [name, field] of Object.entries(before.properties)) {
      const at = path ? `${path}.${name}` : name;
      const now = after.properties[name];
      if (!now) {
        this.report(at, 'field-removed', `${OLDER} read it`);
        continue;
      }
      if (!isRequired(before, name) && isRequired(after, name)) this.report(at, 'field-made-required', `${STORED} can lack it`);
      if (isRequired(before, name) && !isRequired(after, name)) this.report(at, 'field-made-optional', `${OLDER} require it`);
      this.compareValue(at, field, now);
    }
    for (const name of Object.keys(after.properties))
      if (!before.properties[name] && isRequired(after, name))
        this.report(path ? `${path}.${name}` : name, 'required-field-added', `${STORED} lack it`);
  }

  private compareValues(
    field: string,
    before: readonly JsonPrimitive[] | undefined,
    after: readonly JsonPrimitive[] | undefined,
  ) {
    if (!before && !after) return;
    if (!before) return this.report(field, 'value-removed', `only ${list(after!)} are left, and ${STORED} can contain others`);
    if (!after) return this.report(field, 'value-added', `any value is accepted, and ${OLDER} refuse all but ${list(before)}`);
    const added = after.filter((value) => !before.includes(value));
    const removed = before.filter((value) => !after.includes(value));
    if (added.length) this.report(field, 'value-added', `${OLDER} refuse ${list(added)}`);
    if (removed.length) this.report(field, 'value-removed', `${STORED} can contain ${list(removed)}`);
  }

  private compareLimits(field: string, before: JsonSchema, after: JsonSchema): void {
    for (const limit of LOWER_LIMITS) this.compareLimit(field, limit, before[limit] ?? -Infinity, after[limit] ?? -Infinity, 1);
    for (const limit of UPPER_LIMITS) this.compareLimit(field, limit, before[limit] ?? Infinity, after[limit] ?? Infinity, -1);
  }

  /** @param direction 1 for a lower limit, which is tighter if it is higher; -1 for an upper limit. */
  private compareLimit(field: string, name: string, before: number, after: number, direction: 1 | -1): void {
    if (before === after) return;
    const change = `${name} was ${limitText(before)} and is ${limitText(after)}`;
    if ((after - before) * direction > 0) this.report(field, 'limit-tightened', `${change}: ${STORED} can exceed it`);
    else this.report(field, 'limit-loosened', `${change}: ${OLDER} refuse the new values`);
  }

  private comparePatterns(field: string, before: string | undefined, after: string | undefined): void {
    if (before === after) return;
    const limits = [before, after].map((pattern) => (pattern === undefined ? NO_LIMITS : limitsOf(pattern)));
    if (limits[0] && limits[1]) {
      this.compareLimit(field, 'the minimum length', limits[0].min, limits[1].min, 1);
      this.compareLimit(field, 'the maximum length', limits[0].max, limits[1].max, -1);
    } else this.report(field, 'pattern-changed', 'old and new consumers accept different texts');
  }
}

const NO_LIMITS = { min: 0, max: Infinity };
const limitText = (limit: number): string => (Number.isFinite(limit) ? String(limit) : 'absent');
const list = (values: readonly JsonPrimitive[]): string => values.map((value) => JSON.stringify(value)).join(', ');
const typeOf = (schema: JsonSchema): string => schema.type ?? (valuesOf(schema) ? 'a list of values' : 'any value');

function valuesOf(schema: JsonSchema): readonly JsonPrimitive[] | undefined {
  return schema.const === undefined ? schema.enum : [schema.const];
}
