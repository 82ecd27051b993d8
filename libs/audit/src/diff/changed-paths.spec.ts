import fc from 'fast-check';
import { SpecMember } from '../../../../test/support/audit/audit.application.js';
import { sealEntry } from '../entry/entry.js';
import type { Json } from '../entry/normal-form.js';
import { diff, type Diff } from './diff.js';
import { snapshot } from './snapshot.js';

const filler = 'x'.repeat(5_000);
const changeOf = (before: unknown, after: unknown): Diff =>
  diff(snapshot(Object.assign(new SpecMember(), { id: 'm', userId: 'u', settings: before })), Object.assign(new SpecMember(), { id: 'm', userId: 'u', settings: after })); // prettier-ignore
const sides = ({ old, new: now }: Diff): unknown[] => [old?.['settings'], now?.['settings']];

describe('diff of a large JSON value', () => {
  it('has the changed, added and removed paths as JSON Pointers, with old and new values', () => {
    const before = { filler, rules: [{ limit: 5 }, { limit: 6 }], 'a/b': { '~': 1 }, gone: null };
    const after = { filler, rules: [{ limit: 5 }, { limit: 8 }, 'more'], 'a/b': { '~': 2 }, '': [] };
    expect(sides(changeOf(before, after))).toEqual([
      { paths: { '/rules/1/limit': 6, '/a~1b/~0': 1, '/gone': null } },
      { paths: { '/rules/1/limit': 8, '/rules/2': 'more', '/a~1b/~0': 2, '/': [] } },
    ]);
  });

  it('shows a small change of a value of a megabyte, whose two sides the entry could not hold', () => {
    const rules = Array.from({ length: 20_000 }, (_, limit) => ({ limit, name: `rule number ${limit}, é` }));
    const changes = changeOf({ rules }, { rules: rules.with(19_999, { limit: 0, name: 'last' }) });
    const { text } = sealEntry({ id: '1', action: 'a.b', actor: { type: 'user', id: 'u' }, aggregate: { type: 'member', id: 'm' }, organization_id: 'o', correlation_id: 'c', changed: changes.changed, diff: { old: changes.old, new: changes.new }, personal: {} }); // prettier-ignore
    expect(JSON.parse(text)).toMatchObject({
      diff: { new: { settings: { paths: { '/rules/19999/limit': 0, '/rules/19999/name': 'last' } } } },
    });
  });

  it('has the whole values if they are small, of two kinds, or differ nearly everywhere', () => {
    const other = 'y'.repeat(5_000);
    for (const [before, after] of [
      [{ a: 1 }, { a: 2 }],
      [{ filler }, [filler]],
      [filler, { filler }],
      [{ filler }, { filler: other }],
    ]) {
      expect(sides(changeOf(before, after))).toEqual([before, after]);
    }
  });

  it('stores the paths of a personal value with the person', () => {
    const [before, member] = [1, 2].map((n) => Object.assign(new SpecMember(), { id: 'm', userId: 'u', profile: { filler, n } }));
    const { old, personal } = diff(snapshot(before!), member!);
    expect(old).toEqual({ profile: { personal: 'u' } });
    expect(personal.get('u')).toEqual({ old: { profile: { paths: { '/n': 1 } } }, new: { profile: { paths: { '/n': 2 } } } });
  });

  it('leads from the old value to the new one, if the diff is applied, whatever the values look like', () => {
    const key = fc.constantFrom('a', 'b', '/', '~', '~1', '', '0', 'paths', '__proto__');
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        fc.constantFrom<Json>(null, 0, 1, '', 'a', {}, []),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
        fc.array(tie('value'), { maxLength: 4 }),
      ),
    }));
    let withPaths = 0;
    fc.assert(
      fc.property(value, value, fc.boolean(), (some, other, isLarge) => {
        const [before, after] = (isLarge ? [some, other].map((one) => ({ filler, one })) : [some, other]) as [Json, Json];
        const changes = changeOf(before, after);
        const [old, now] = sides(changes) as [Json, Json];
        if (isLarge && now !== undefined) withPaths++;
        const result = changes.changed.length === 0 ? before : applied(before, old, now);
        expect(JSON.stringify(sorted(result))).toBe(JSON.stringify(sorted(after)));
      }),
      { seed: 44, numRuns: 2_000 },
    );
    expect(withPaths).toBeGreaterThan(500);
  });
});

type Paths = { readonly [pointer: string]: Json };
const pathsIn = (side: Json): Paths | undefined =>
  typeof side === 'object' && side !== null && Object.keys(side).join() === 'paths'
    ? (side as { paths: Paths }).paths
    : undefined;

/** Applies a side of a diff to a value, as a reader of the entry would. */
function applied(before: Json, old: Json, now: Json): Json {
  const [removed, added] = [pathsIn(old) ?? {}, pathsIn(now)];
  if (!added) return now;
  const document = { root: structuredClone(before) } as Record<string, unknown>;
  const place = (pointer: string): [Record<string, unknown>, string] => {
    const names = ['root', ...pointer.split('/').slice(1)].map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const holder = names.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, document);
    return [holder, names.at(-1)!];
  };
  const set = ([holder, name]: [Record<string, unknown>, string], value: unknown) =>
    Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
  for (const pointer of Object.keys(removed)
    .filter((one) => !Object.hasOwn(added, one))
    .reverse()) {
    const [holder, name] = place(pointer);
    if (Array.isArray(holder)) holder.length = Math.min(holder.length, Number(name));
    else delete holder[name];
  }
  for (const [pointer, value] of Object.entries(added)) set(place(pointer), value);
  return document['root'] as Json;
}

/** The value with the keys of its objects in order, as entries to keep a key `__proto__`. */
const sorted = (value: Json): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? { entries: Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]) } // prettier-ignore
      : value;
