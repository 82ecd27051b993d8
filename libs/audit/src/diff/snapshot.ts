import { PikaiaError } from '@pikaia/core';
import { canonicalJson, normalId, UNREADABLE, type Json } from '../entry/normal-form.js';
import { aggregateOf } from './audited-entity.decorator.js';
import { auditedFields, type AuditedField, type Whose } from './audited-fields.js';
import { columnForm } from './column-form.js';
import { declaresPolicies } from './field-policy.decorator.js';

export interface SnapshotField {
  readonly kind: 'public' | 'personal' | 'secret';
  readonly value: Json;
  /** Of a personal field: whose it is. */
  readonly subject?: string;
}

/** What an entity's audited fields were at one moment. Its content is private, so that no log prints it by accident. */
export class Snapshot {
  readonly #fields: ReadonlyMap<string, SnapshotField>;

  constructor(
    readonly entity: Function,
    fields: ReadonlyMap<string, SnapshotField>,
  ) {
    this.#fields = fields;
    Object.freeze(this);
  }

  get(name: string): SnapshotField | undefined {
    return this.#fields.get(name);
  }

  get names(): string[] {
    return [...this.#fields.keys()];
  }

  /** The same value under the same name. */
  agreesWith(other: Snapshot, name: string): boolean {
    const [mine, theirs] = [this.get(name), other.get(name)];
    if (!mine || !theirs) return mine === theirs;
    return canonicalJson(mine.value) === canonicalJson(theirs.value);
  }
}

/**
 * Copies the audited fields of `entity`, in normal form. Take it when the entity is loaded: after it was changed in
 * place nobody knows what it was. An object in a field whose policy does not say what it holds is recorded only as changed.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_FIELD_POLICY_MISSING` if the class declares no policy for any field.
 */
export function snapshot(entity: object): Snapshot {
  const type = entity.constructor as Function | undefined;
  const fields = typeof type === 'function' ? auditedFields(type) : [];
  if (fields.length === 0) {
    throw new PikaiaError(
      'PIKAIA_AUDIT_FIELD_POLICY_MISSING',
      `${type?.name ?? 'An object without a class'} declares no audited field: mark its columns with @Public(), @Personal(…) or @Secret().`,
    );
  }
  const taken = new Map<string, SnapshotField>();
  for (const field of fields) {
    const { name, kind, whose, keys } = field;
    const { value, mayBeRecorded } = readField(entity, field);
    if (value === undefined) continue;
    if (!mayBeRecorded || kind === 'secret') taken.set(name, { kind: 'secret', value });
    else if (kind === 'personal') taken.set(name, { kind, value, subject: subjectOf(entity, whose!) });
    else if (keys === undefined || keys === 'all') taken.set(name, { kind, value });
    else takeKeys(taken, name, value, keys);
  }
  return new Snapshot(type!, taken);
}

/** Each public key is a field of its own; what the others hold is compared and never recorded. */
function takeKeys(taken: Map<string, SnapshotField>, name: string, value: Json, keys: readonly string[]): void {
  if (!isJsonObject(value)) return void taken.set(name, { kind: 'secret', value });
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
  for (const key of keys) {
    if (Object.hasOwn(value, key)) taken.set(`${name}.${key}`, { kind: 'public', value: value[key]! });
  }
  if (Object.keys(rest).length > 0) taken.set(name, { kind: 'secret', value: rest });
}

/** Objects that the driver itself makes of a value that has parts. */
const COMPOSITE = new Set(['interval', 'point', 'circle', 'geometry', 'geography']);

function readField(entity: object, { path, kind, keys, columnType }: AuditedField) {
  let holdsPolicies = false;
  const value = columnForm(valueAt(entity, path), columnType, (object) => (holdsPolicies ||= declaresPolicies(object)));
  const isDescribed = kind !== 'public' || keys !== undefined || COMPOSITE.has(columnType ?? '');
  return { value, mayBeRecorded: !holdsPolicies && (isDescribed || value === undefined || !hasParts(value)) };
}

/** What stands at the path; null where an object on the way is null. */
function valueAt(entity: object, path: readonly string[]): unknown {
  let value: unknown = entity;
  try {
    for (const property of path) {
      if (value === null || value === undefined) return value;
      value = (value as Record<string, unknown>)[property];
    }
    return value;
  } catch {
    return UNREADABLE; // a getter failed; the record must not fail with it
  }
}

const isJsonObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const hasParts = (value: Json): boolean =>
  Array.isArray(value) ? (value as readonly Json[]).some(hasParts) : isJsonObject(value);

/** The person's user id; while the entity names none, the entity itself stands for the person. */
function subjectOf(entity: object, whose: Whose): string {
  const { type, id } = aggregateOf(entity);
  if (whose === 'self') return normalId(id);
  const person = valueAt(entity, whose.path);
  const isId = (typeof person === 'string' && person !== '') || typeof person === 'number' || typeof person === 'bigint';
  return normalId(isId ? String(person) : `${type}:${id}`);
}
