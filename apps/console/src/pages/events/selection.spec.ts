import fc from 'fast-check';
import { toggled } from './selection.js';

const ALL = ['a', 'b', 'c', 'd', 'e'];
const nothing = { ids: new Set<string>(), anchor: undefined };
const idsOf = ({ ids }: { readonly ids: ReadonlySet<string> }) => [...ids].sort();

describe('toggled', () => {
  it('selects and unselects one item', () => {
    const one = toggled(nothing, ALL, 'b', false);
    expect([idsOf(one), idsOf(toggled(one, ALL, 'b', false))]).toEqual([['b'], []]);
  });

  it('selects a range in both directions, and unselects it again', () => {
    const down = toggled(toggled(nothing, ALL, 'b', false), ALL, 'd', true);
    const up = toggled(toggled(nothing, ALL, 'd', false), ALL, 'b', true);
    expect([idsOf(down), idsOf(up)]).toEqual([
      ['b', 'c', 'd'],
      ['b', 'c', 'd'],
    ]);
    expect(idsOf(toggled(down, ALL, 'b', true))).toEqual([]);
  });

  it('selects one item with Shift if there is no item at which the range could begin', () => {
    expect(idsOf(toggled(nothing, ALL, 'c', true))).toEqual(['c']);
    expect(idsOf(toggled({ ids: new Set(), anchor: 'gone' }, ALL, 'c', true))).toEqual(['c']);
  });

  it('never selects an item that the list does not contain', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...ALL), fc.boolean())), (steps) => {
        const end = steps.reduce((state, [id, isRange]) => toggled(state, ALL, id, isRange), toggled(nothing, ALL, 'a', false));
        return [...end.ids].every((id) => ALL.includes(id));
      }),
      { seed: 45 },
    );
  });
});
