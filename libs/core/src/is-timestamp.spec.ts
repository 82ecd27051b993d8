import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { IsTimestamp } from './is-timestamp.js';

class Visit {
  @IsTimestamp()
  at!: unknown;

  @IsTimestamp({ each: true, message: 'no' })
  days: unknown = [];
}

const problemsOf = (at: unknown, days: unknown = []): object[] =>
  validateSync(Object.assign(new Visit(), { at, days })).map(({ constraints }) => constraints!);

describe('IsTimestamp', () => {
  it.each([
    '2026-01-31T08:30:00Z',
    '2026-01-31T08:30:00.000Z',
    '2026-01-31T08:30:00.123456789+05:30',
    '2024-02-29T23:59:59-08:00',
    '2000-02-29T00:00:00+14:59',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.9Z',
  ])('accepts %s', (text) => expect(problemsOf(text)).toEqual([]));

  it.each([
    '2012',
    '2012-01',
    '2026-01-31',
    '2025-W01',
    '2025-W01-1T00:00:00Z',
    '2025-001T00:00:00Z',
    '2026-01-31T08:30:00',
    '2026-01-31T08:30Z',
    '2026-01-31T08:30:00.Z',
    '2026-01-31T08:30:00.1234567890Z',
    '2026-01-31 08:30:00Z',
    '2026-01-31t08:30:00z',
    '20260131T083000Z',
    '2026-01-31T08:30:00+0100',
    '+002026-01-31T08:30:00Z',
    ' 2026-01-31T08:30:00Z',
    '2026-01-31T08:30:00Z\n',
    '٢٠٢٦-01-31T08:30:00Z',
    '',
    null,
    undefined,
    0,
    new Date(),
    ['2026-01-31T08:30:00Z'],
  ])('refuses %j, which has another format', (value) => {
    expect(problemsOf(value)).toEqual([
      { isTimestamp: 'at must be a timestamp with a time zone, such as 2026-01-31T08:30:00.000Z' },
    ]);
  });

  it.each([
    '2019-02-31T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T08:60:00Z',
    '2026-12-31T23:59:60Z',
    '2026-01-31T08:30:00+15:00',
    '2026-01-31T08:30:00+01:60',
  ])('refuses %s, which does not exist', (text) => {
    expect(problemsOf(text)).toEqual([{ isTimestamp: 'at must be a date and a time that exist' }]);
  });

  it('checks each item of a list, and takes the options of every rule', () => {
    expect(problemsOf('2026-01-31T08:30:00Z', ['2026-01-31T08:30:00Z'])).toEqual([]);
    expect(problemsOf('2026-01-31T08:30:00Z', ['2026-01-31T08:30:00Z', '2012'])).toEqual([{ isTimestamp: 'no' }]);
  });

  it('accepts the text of every date of the years 1 to 9999', () => {
    const dates = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(fc.property(dates, (date) => expect(problemsOf(date.toISOString())).toEqual([])));
  });
});
