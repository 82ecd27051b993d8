import { findIdProblem, PikaiaError } from '@pikaia/core';
import { canonicalJson, normalId, UNREADABLE, type Json } from '../entry/normal-form.js';
import { aggregateOf } from './audited-entity.decorator.js';
import { auditedFields, type AuditedField, type FieldOwner } from './audited-fields.js';
import { columnForm, isDateCopy } from './column-form.js';
import { declaresPolicies } from './field-policy.decorator.js';
import { relatedIds } from './related-ids.js';

export interface SnapshotField {
  readonly kind: 'public' | 'personal' | 'secret';
  readonly value: Json;
  /** The owner of a personal field, by user id. */
  readonly subject?: string;
  /** True for a many-to-many relation: the value is the list of ids, or null if the list is empty. */
  readonly isRelation?: boolean;
  /** True if the value is a Date, which can be a copy without microseconds. */
  readonly isDate?: boolean;
}

/** The audited fields of an entity at one moment. The content is private, so no log prints it by accident. */
export class Snapshot {
  readonly #fields: ReadonlyMap<string, SnapshotField>;
  readonly #unread: ReadonlySet<string>;

  constructor(
    readonly entity: Function,
    fields: ReadonlyMap<string, SnapshotField>,
    unread: ReadonlySet<string>,
  ) {
    this.#fields = fields;
    this.#unread = unread;
    Object.freeze(this);
  }

  get(name: string): SnapshotField | undefined {
    return this.#fields.get(name);
  }

  get names(): string[] {
    return [...this.#fields.keys()];
  }

  /** True if the entity has no value for the field, not even null: the query did not select it, and TypeORM does not save it. */
  isUnread(name: string): boolean {
    return this.#unread.has(name);
  }

  /**
   * True if both snapshots have the same value for the field, or both have none. A copy of a Date has no microseconds, so it has the
   * value of its original.
   */
  hasSameValue(other: Snapshot, name: string): boolean {
    const [mine, theirs] = [this.get(name), other.get(name)];
    if (!mine || !theirs) return mine === theirs;
    if (mine.value === theirs.value) return true;
    return (
      canonicalJson(mine.value) === canonicalJson(theirs.value) ||
      (!!mine.isDate && isDateCopy(mine.value, theirs.value)) ||
      (!!theirs.isDate && isDateCopy(theirs.value, mine.value))
    );
  }
}

/**
 * Copies the audited fields of `entity`, in normal form. Take the snapshot when the entity is loaded, because a change in place
 * overwrites the old values. An object in a public field whose policy names no keys is recorded only as changed.
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
  const unread = new Set<string>();
  for (const field of fields) {
    const { name, kind, owner, keys } = field;
    const { value, isDate, isRelation, mayBeRecorded } = readField(entity, field);
    if (value === undefined) {
      for (const one of [name, ...(Array.isArray(keys) ? keys.map((key) => `${name}.${key}`) : [])]) unread.add(one);
      continue;
    }
    const traits = isDate || isRelation ? { isDate, isRelation } : NO_TRAITS;
    if (!mayBeRecorded || kind === 'secret') taken.set(name, { kind: 'secret', value, ...traits });
    else if (kind === 'personal') taken.set(name, { kind, value, subject: subjectOf(entity, owner!), ...traits });
    else if (keys === undefined || keys === 'all') taken.set(name, { kind, value, ...traits });
    else addPublicKeys(taken, name, value, keys);
  }
  return new Snapshot(type!, taken, unread);
}

/** Adds each public key as a separate field. The other keys are compared but never recorded. */
function addPublicKeys(taken: Map<string, SnapshotField>, name: string, value: Json, keys: readonly string[]): void {
  if (!isJsonObject(value)) return void taken.set(name, { kind: 'secret', value });
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
  for (const key of keys) {
    if (Object.hasOwn(value, key)) taken.set(`${name}.${key}`, { kind: 'public', value: value[key]! });
  }
  if (Object.keys(rest).length > 0) taken.set(name, { kind: 'secret', value: rest });
}

const NO_TRAITS = {};

/** Column types whose values the driver returns as objects. */
const COMPOSITE = new Set(['interval', 'point', 'circle', 'geometry', 'geography']);

function readField(entity: object, { path, kind, keys, column, related }: AuditedField) {
  const held = valueAt(entity, path);
  if (related) return { value: relatedIds(held, related()), isDate: false, isRelation: true, mayBeRecorded: true };
  let holdsPolicies = false;
  const value = columnForm(held, column, (object) => (holdsPolicies ||= declaresPolicies(object)));
  const isDescribed = kind !== 'public' || keys !== undefined || COMPOSITE.has(column.name ?? '');
  const mayBeRecorded = !holdsPolicies && (isDescribed || value === undefined || !containsObject(value));
  return { value, isDate: held instanceof Date, isRelation: false, mayBeRecorded };
}

/** Reads the value at the path. Returns null or undefined if an object on the path is null or undefined. */
function valueAt(entity: object, path: readonly string[]): unknown {
  let value: unknown = entity;
  try {
    for (const property of path) {
      if (value === null || value === undefined) return value;
      value = (value as Record<string, unknown>)[property];
    }
    return value;
  } catch {
    return UNREADABLE; // an error of a getter must not fail the record
  }
}

const isJsonObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const containsObject = (value: Json): boolean =>
  Array.isArray(value) ? (value as readonly Json[]).some(containsObject) : isJsonObject(value);

/** Returns the person's user id. If the entity names no person, its own type and id identify the subject. */
function subjectOf(entity: object, owner: FieldOwner): string {
  const { type, id } = aggregateOf(entity);
  if (owner === 'self') return normalId(id);
  const person = valueAt(entity, owner.path);
  return normalId(findIdProblem(person) === undefined ? String(person) : `${type}:${id}`);
}
