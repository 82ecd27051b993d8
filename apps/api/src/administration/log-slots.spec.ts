import { slotsOf } from './log-slots.js';

const NOW = Date.parse('2026-03-10T12:00:00Z'); // day 20522, slot 2

describe('slotsOf', () => {
  it.each([
    ['one day, and the neighbours that a clock may stand in', '2026-03-10T00:30:00Z', '2026-03-10T12:00:00Z', [1, 2]],
    ['the inside of a day alone', '2026-03-10T02:00:00Z', '2026-03-10T12:00:00Z', [2]],
    ['up to now', '2026-03-08T02:00:00Z', undefined, [0, 1, 2]],
    ['an end that is still to come', '2026-03-10T02:00:00Z', '2027-01-01T00:00:00Z', [2]],
    ['so many days that every slot is among them', '2026-02-27T02:00:00Z', undefined, null],
    ['no beginning', undefined, '2026-03-10T12:00:00Z', null],
    ['nothing: it begins after its end', '2026-03-12T00:00:00Z', '2026-03-10T00:00:00Z', []],
  ])('%s', (_, from, to, slots) => {
    expect(slotsOf(from, to, NOW)).toEqual(slots);
  });
});
