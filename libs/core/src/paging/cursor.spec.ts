import { decodeCursor, encodeCursor } from './cursor.js';

const place = ['2026-01-17T10:23:45.123456Z', '0197a1b2-0000-7000-8000-000000000001'];

describe('decodeCursor', () => {
  it('returns the value that encodeCursor was given', () => {
    expect(decodeCursor(encodeCursor(place, 'filter', 'key'), 'filter', 'key')).toEqual(place);
  });

  it.each([
    ['another binding', encodeCursor(place, 'other', 'key')],
    ['another key', encodeCursor(place, 'filter', 'other')],
    ['a changed value', encodeCursor(place, 'filter', 'key').replace(/^./, 'X')],
    ['no signature', encodeCursor(place, 'filter', 'key').split('.')[0]!],
    ['no text', ''],
    ['arbitrary text', '\u0000..%'],
  ])('refuses a cursor with %s', (_case, cursor) => {
    expect(() => decodeCursor(cursor, 'filter', 'key')).toThrow(expect.objectContaining({ code: 'PIKAIA_CURSOR_INVALID' }));
  });
});
