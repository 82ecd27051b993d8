import { PikaiaError } from '@pikaia/core';
import { canonicalJson, normalId, type Json } from '../record/normal-form.js';
import { aggregateOf } from './audited-entity.decorator.js';
import { columnForm } from './column-form.js';
import { auditedFields } from './field-policy.decorator.js';

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
 * place nobody knows what it was.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_FIELD_POLICY_MISSING` if the class declares no policy for any field.
 */
export function snapshot(entity: object): Snapshot {
  const fields = auditedFields(entity.constructor);
  if (fields.length === 0) {
    throw new PikaiaError(
      'PIKAIA_AUDIT_FIELD_POLICY_MISSING',
      `${entity.constructor.name} declares no audited field: mark its columns with @Public(), @Personal(…) or @Secret().`,
    );
  }
  const values = entity as Record<string, unknown>;
  const taken = new Map<string, SnapshotField>();
  for (const { property, name, policy, columnType } of fields) {
    const value = columnForm(values[property], columnType);
    if (value === undefined) continue;
    taken.set(
      name,
      policy.kind === 'personal'
        ? { kind: 'personal', value, subject: subjectOf(entity, policy.whose) }
        : { kind: policy.kind, value },
    );
  }
  return new Snapshot(entity.constructor, taken);
}

/** The person's user id; while the entity names none, the entity itself stands for the person. */
function subjectOf(entity: object, whose: string): string {
  const { type, id } = aggregateOf(entity);
  if (whose === 'self') return normalId(id);
  const person = (entity as Record<string, unknown>)[whose];
  return normalId(typeof person === 'string' && person !== '' ? person : `${type}:${id}`);
}
