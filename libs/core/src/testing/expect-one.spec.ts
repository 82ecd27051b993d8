import { AssertionError } from 'node:assert';
import { expectOne, type Expected } from './expect-one.js';

interface Parcel {
  readonly id: string;
  readonly grams: number;
  readonly sent?: Date;
  readonly to: { readonly city: string; readonly lines: readonly string[] };
}

const parcels: readonly Parcel[] = [
  { id: 'p-1', grams: 5, to: { city: 'Zürich', lines: ['a', 'b'] } },
  { id: 'p-2', grams: 7, sent: new Date(0), to: { city: 'Bern', lines: [] } },
];
const find = (expected?: Expected<Parcel>): string => expectOne({ name: 'parcel', verb: 'sent' }, parcels, expected).id;

describe('expectOne', () => {
  it.each<[string, Expected<Parcel>]>([
    ['an equal value', { grams: 5 }],
    ['a value of an inner object', { to: { city: 'Zürich' } }],
    ['a list', { to: { lines: ['a', 'b'] } }],
    ['a pattern', { to: { city: /^Z/g } }],
    ['a predicate', { grams: (grams: number) => grams < 6 }],
    ['a predicate of the whole', (parcel: Parcel) => parcel.id === 'p-1'],
    ['a matcher of Jest', { to: expect.objectContaining({ city: 'Zürich' }) as never }],
    ['a field that must be absent', { sent: undefined }],
  ])('finds an item by %s', (_, expected) => {
    expect(find(expected)).toBe('p-1');
    expect(find(expected)).toBe('p-1'); // a pattern with the flag g has no state
  });

  it('finds an item by a date', () => expect(find({ sent: new Date(0) })).toBe('p-2'));

  it.each<[string, Expected<Parcel> | undefined, string]>([
    [
      'a value differs',
      { grams: 6 },
      'parcel was not sent as expected:\n  1: grams is 5, expected 6\n  2: grams is 7, expected 6',
    ],
    ['a list has another length', { to: { lines: ['a'] } }, "  1: to.lines is [ 'a', 'b' ], expected [ 'a' ]"],
    ['an inner object is a text', { to: { city: { length: 3 } as never } }, "to.city is 'Bern', expected { length: 3 }"],
    ['several items match', {}, 'parcel was sent 2 times instead of once.'],
    ['there is no expectation and several items', undefined, 'parcel was sent 2 times instead of once.'],
  ])('fails if %s, and shows actual and expected values', (_, expected, message) => {
    expect(() => find(expected)).toThrow(message);
    expect(() => find(expected)).toThrow(AssertionError);
  });

  it('fails without items', () => {
    const others = ['letter', 'letter', 'card'];
    expect(() => expectOne({ name: 'parcel', verb: 'sent', others }, [], {})).toThrow(
      'parcel was not sent. These were: letter, card.',
    );
  });
});
