import { PikaiaError } from '@pikaia/core';
import type { Json } from '../entry/normal-form.js';
import { changedPaths, wholeValue } from './changed-paths.js';
import { snapshot, type Snapshot, type SnapshotField } from './snapshot.js';

type FieldValues = { readonly [field: string]: Json };

/** The values that belong to one person. They are stored outside the entry. */
export interface PersonalDiff {
  readonly old: FieldValues;
  readonly new: FieldValues;
}

/**
 * The changed fields, in normal form. `{"personal": subject}` replaces each personal value.
 * Only `diff` and `joinDiffs` create a Diff, so no value bypasses the field policies.
 */
export class Diff {
  declare private readonly brand: true;
  /** Sorted names of the changed fields. Secret fields appear only here. */
  readonly changed: readonly string[];
  /** null if the entity did not exist before. Then a field of the entity that is not in `changed` is null. A changed field that was not read is missing. */
  readonly old: FieldValues | null;
  /** null if the entity was removed. Then a field of the entity that is not in `changed` was null or not read. */
  readonly new: FieldValues | null;
  readonly personal: ReadonlyMap<string, PersonalDiff>;

  constructor(content: Pick<Diff, 'changed' | 'old' | 'new' | 'personal'>) {
    this.changed = content.changed;
    this.old = content.old;
    this.new = content.new;
    this.personal = content.personal;
    Object.freeze(this);
  }
}

/**
 * Compares two states of an entity in their normal form. Equal states give an empty diff, for which `record` writes nothing. The
 * diff of a new or removed entity has only the fields that are not null: any other field is null. A changed field that is or
 * becomes null is in the diff of a change. A field that `after` does not have, because a query did not select it, is not changed. A
 * field that only `after` has is changed, and its old value is missing. A many-to-many relation with a policy shows the ids of the
 * related entities: `{ removed: [...] }` in `old` and `{ added: [...] }` in `new`, or `{ all: [...] }` if only `after` has the relation.
 * Of a large object or list, the diff of a change has what differs, by JSON Pointer: `{ paths: { '/rules/3/limit': 5 } }` on each side.
 *
 * @param before a snapshot taken when the entity was loaded, or null for a new entity.
 * @param after the entity, or null for a removed entity.
 */
export function diff(before: Snapshot | null, after: object | null): Diff {
  const now = after && snapshot(after);
  const names = new Set([...(before?.names ?? []), ...(now?.names ?? [])]);
  const isChanged = (name: string): boolean =>
    before && now ? !now.isUnread(name) && !before.hasSameValue(now, name) : (before ?? now)?.get(name)?.value !== null;
  const changed = [...names].filter(isChanged).sort();
  const personal = new Map<string, { old: Record<string, Json>; new: Record<string, Json> }>();
  const paths = new Map(before && now ? changed.map((name) => [name, pathsOf(before.get(name), now.get(name))] as const) : []);
  const collectSide = (side: 'old' | 'new', from: Snapshot | null): FieldValues | null => {
    if (!from) return null;
    const other = side === 'old' ? now : before;
    const values: Record<string, Json> = {};
    for (const name of changed) {
      const field = from.get(name);
      if (!field || field.kind === 'secret') continue;
      const parts = paths.get(name)?.[side];
      const whole = field.isRelation ? relationSide(side, field.value, other, name) : wholeValue(field.value);
      const value = parts ? { paths: parts } : whole;
      values[name] = field.kind === 'personal' ? { personal: field.subject! } : value;
      if (field.kind !== 'personal') continue;
      const ownerValues = personal.get(field.subject!) ?? { old: {}, new: {} };
      ownerValues[side][name] = value;
      personal.set(field.subject!, ownerValues);
    }
    return values;
  };
  return new Diff({ changed, old: collectSide('old', before), new: collectSide('new', now), personal });
}

function pathsOf(before: SnapshotField | undefined, after: SnapshotField | undefined): ReturnType<typeof changedPaths> {
  if (!before || !after || [before.kind, after.kind].includes('secret')) return undefined;
  if (before.isRelation || before.subject !== after.subject) return undefined;
  return changedPaths(before.value, after.value);
}

/** What one side of a diff says of a many-to-many relation: the ids that the other side does not have. */
function relationSide(side: 'old' | 'new', value: Json, other: Snapshot | null, name: string): Json {
  const ids = (value ?? []) as readonly string[];
  if (other?.isUnread(name)) return { all: ids };
  const others = new Set((other?.get(name)?.value ?? []) as readonly string[]);
  return { [side === 'old' ? 'removed' : 'added']: ids.filter((id) => !others.has(id)) };
}

/** True if nothing happened to the entity: it was neither created nor removed, and no audited field changed. */
export const isEmpty = ({ changed, old: before, new: after }: Diff): boolean =>
  changed.length === 0 && (before === null) === (after === null);

/**
 * Joins the diffs of several entities that one action changes, such as a user and a member. Ignores empty diffs.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_JOIN_INVALID` if two diffs have a field of the same name, or if some entities are created or
 * removed and others are not. The entry would lose a value, or show a created entity as a changed one.
 */
export function joinDiffs(...diffs: readonly Diff[]): Diff {
  const joined = diffs.filter((one) => !isEmpty(one));
  checkJoin(joined);
  const personal = new Map<string, PersonalDiff>();
  for (const [subject, { old, new: now }] of joined.flatMap((one) => [...one.personal])) {
    const known = personal.get(subject);
    personal.set(subject, { old: { ...known?.old, ...old }, new: { ...known?.new, ...now } });
  }
  const side = (name: 'old' | 'new'): FieldValues | null =>
    joined.every((one) => one[name] === null) ? null : Object.assign({}, ...joined.map((one) => one[name]));
  return new Diff({ changed: joined.flatMap((one) => one.changed).sort(), old: side('old'), new: side('new'), personal });
}

function checkJoin(diffs: readonly Diff[]): void {
  const names = diffs.flatMap((one) => one.changed);
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  const kinds = new Set(diffs.map(({ old, new: now }) => (old === null ? 'created' : now === null ? 'removed' : 'changed')));
  const problem =
    repeated.length > 0
      ? `two entities have the fields ${repeated.join(', ')}`
      : kinds.size > 1 && `the entities are ${[...kinds].join(' and ')}`;
  if (problem)
    throw new PikaiaError(
      'PIKAIA_AUDIT_JOIN_INVALID',
      `joinDiffs() cannot join these diffs, because ${problem}: record two entries.`,
    );
}
