import type { Json } from '../entry/normal-form.js';
import { Snapshot, snapshot } from './snapshot.js';

type Side = { readonly [field: string]: Json };

/** The values that belong to one person, kept apart from the entry. */
export interface PersonalDiff {
  readonly old: Side;
  readonly new: Side;
}

/**
 * What changed, in normal form, with personal values taken out: in their place stands `{"personal": subject}`.
 * Made by `diff` and `joinDiffs` alone, so that nothing gets into the log past the field policies.
 */
export class Diff {
  declare private readonly made: true;
  /** Sorted. Includes secret fields, which appear nowhere else. */
  readonly changed: readonly string[];
  /** null: there was nothing before. */
  readonly old: Side | null;
  /** null: nothing is left. */
  readonly new: Side | null;
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
 * What changed between two states of an entity, in their normal form. `before` is a snapshot taken at load, or null
 * for something new; `after` is null for something removed. Equal states give an empty diff, and `record` then writes nothing.
 */
export function diff(before: Snapshot | null, after: object | null): Diff {
  const now = after === null || after instanceof Snapshot ? after : snapshot(after);
  const names = new Set([...(before?.names ?? []), ...(now?.names ?? [])]);
  const changed = [...names].filter((name) => !before || !now || !before.agreesWith(now, name)).sort();
  const personal = new Map<string, { old: Record<string, Json>; new: Record<string, Json> }>();
  const take = (side: 'old' | 'new', from: Snapshot | null): Side | null => {
    if (!from) return null;
    const values: Record<string, Json> = {};
    for (const name of changed) {
      const field = from.get(name);
      if (!field || field.kind === 'secret') continue;
      values[name] = field.kind === 'personal' ? { personal: field.subject! } : field.value;
      if (field.kind !== 'personal') continue;
      const theirs = personal.get(field.subject!) ?? { old: {}, new: {} };
      theirs[side][name] = field.value;
      personal.set(field.subject!, theirs);
    }
    return values;
  };
  return new Diff({ changed, old: take('old', before), new: take('new', now), personal });
}

/** One diff of several entities that one action changes: an invitation makes a user and a member. Their field names must differ. */
export function joinDiffs(...diffs: readonly Diff[]): Diff {
  const personal = new Map<string, PersonalDiff>();
  for (const [subject, { old, new: now }] of diffs.flatMap((one) => [...one.personal])) {
    const known = personal.get(subject);
    personal.set(subject, { old: { ...known?.old, ...old }, new: { ...known?.new, ...now } });
  }
  const side = (name: 'old' | 'new'): Side | null =>
    diffs.every((one) => one[name] === null) ? null : Object.assign({}, ...diffs.map((one) => one[name]));
  const changed = [...new Set(diffs.flatMap((one) => one.changed))].sort();
  return new Diff({ changed, old: side('old'), new: side('new'), personal });
}
