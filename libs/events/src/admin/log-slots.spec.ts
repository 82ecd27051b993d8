import { slotsOf } from './log-slots.js';

const NOW = Date.parse('2026-03-10T12:00:00Z'); // day 20522, slot 2

describe('slotsOf', () => {
  it.each([
    [
      'the day and the previous day if the period starts within the clock margin',
      '2026-03-10T00:30:00Z',
      '2026-03-10T12:00:00Z',
      [1, 2],
    ],
    ['one day if the period does not reach the clock margin', '2026-03-10T02:00:00Z', '2026-03-10T12:00:00Z', [2]],
    ['all days up to now if the end is absent', '2026-03-08T02:00:00Z', undefined, [0, 1, 2]],
    ['only past days if the end is in the future', '2026-03-10T02:00:00Z', '2027-01-01T00:00:00Z', [2]],
    ['null if the period covers all slots', '2026-02-27T02:00:00Z', undefined, null],
    ['null if the start is absent', undefined, '2026-03-10T12:00:00Z', null],
    ['no slot if the start is after the end', '2026-03-12T00:00:00Z', '2026-03-10T00:00:00Z', []],
  ])('returns %s', (_, from, to, slots) => {
    expect(slotsOf(from, to, NOW)).toEqual(slots);
  });
});
