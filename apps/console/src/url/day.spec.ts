import { isDay, startOfDay } from './day.js';

it.each(['2026-01-31', '2024-02-29', '0001-01-01', '9999-12-31'])('accepts the day %s', (text) => {
  expect(isDay(text)).toBe(true);
});

it.each([
  undefined,
  '',
  '2026-02-29',
  '2026-13-01',
  '2026-1-1',
  '2026-01',
  '20260131',
  ' 2026-01-31',
  '+12026-01-01',
  '2026-01-31T00',
  'x',
])('refuses %p, which is not a day', (text) => {
  expect(isDay(text)).toBe(false);
  expect(startOfDay(text, 0)).toBeUndefined();
});

it('returns the beginning of a day, and of a later one, in the time zone of the reader', () => {
  expect(startOfDay('2026-01-31', 0)).toBe(new Date(2026, 0, 31).toISOString());
  expect(startOfDay('2026-01-31', 1)).toBe(new Date(2026, 1, 1).toISOString());
  expect(startOfDay('0099-06-01', 0)).toMatch(/^0099-0(?:5-31|6-01)T/);
});

it('returns nothing for the end of the last day of the year 9999, which no time of the api has', () => {
  expect(startOfDay('9999-12-31', 2)).toBeUndefined();
});
