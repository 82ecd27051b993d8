import fc from 'fast-check';
import { ABSENT, changeRows, isErased, valueText } from './change-rows.js';

const SEED = 20_261_201;

it('compares objects by their fields at every depth, and marks added, removed and changed values', () => {
  const diff = {
    old: { role: 'member', address: { city: 'Bonn', geo: { lat: 1, lon: 2 } }, tags: ['a'], note: null },
    new: { role: 'admin', address: { city: 'Bonn', geo: { lat: 1, lon: 3 }, zip: '' }, tags: ['a', 'b'] },
  };
  expect(changeRows(diff, ['address', 'note', 'role', 'tags'])).toEqual([
    { path: 'address.geo.lon', kind: 'changed', before: 2, after: 3 },
    { path: 'address.zip', kind: 'added', before: ABSENT, after: '' },
    { path: 'note', kind: 'removed', before: null, after: ABSENT },
    { path: 'role', kind: 'changed', before: 'member', after: 'admin' },
    { path: 'tags', kind: 'changed', before: ['a'], after: ['a', 'b'] },
  ]);
});

it('marks every field of a created object as added and of a removed one as removed', () => {
  expect(changeRows({ old: null, new: { a: { b: 1 } } }, ['a'])).toEqual([
    { path: 'a', kind: 'added', before: ABSENT, after: { b: 1 } },
  ]);
  expect(changeRows({ old: { a: 1 }, new: null }, ['a'])).toEqual([{ path: 'a', kind: 'removed', before: 1, after: ABSENT }]);
});

it('marks a field whose value the entry does not have as withheld, also one with the name of a method', () => {
  const rows = changeRows({ old: {}, new: {} }, ['password', 'toString']);
  expect(rows.map(({ path, kind }) => [path, kind])).toEqual([
    ['password', 'withheld'],
    ['toString', 'withheld'],
  ]);
});

it('keeps a changed field whose values are equal, such as two that are erased', () => {
  const erased = { personal: '019c12f4-7175-7abc-8504-af03c46f1d1b' };
  expect(isErased(erased)).toBe(true);
  expect(changeRows({ old: { email: erased }, new: { email: erased } }, ['email'])).toEqual([
    { path: 'email', kind: 'changed', before: erased, after: erased },
  ]);
});

it('quotes a name with a dot, so that it does not read as a path', () => {
  const rows = changeRows({ old: { a: { 'b.c': 1, '': 1 } }, new: { a: { 'b.c': 2, '': 2 } } }, ['a']);
  expect(rows.map(({ path }) => path)).toEqual(['a.""', 'a."b.c"']);
});

it('writes two different values never alike', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }), (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      return valueText(one) !== valueText(other);
    }),
    {
      seed: SEED,
      numRuns: 2_000,
      examples: [
        ['12', 12],
        ['null', null],
        ['"a"', 'a'],
        [' a', 'a'],
        ['{}', {}],
        ['', ' '],
      ],
    },
  );
});

it('returns a row for each field that differs, and none for other fields', () => {
  const side = fc.option(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 2 })), { nil: null });
  fc.assert(
    fc.property(side, side, (old, now) => {
      const names = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})]);
      const fields = new Set(changeRows({ old, new: now }, []).map(({ path }) => path.split('.')[0]));
      expect([...fields].toSorted()).toEqual([...names].toSorted());
    }),
    { seed: SEED, numRuns: 500 },
  );
});
