import { decodeCursor, encodeCursor } from './cursor.js';

const place = ['2026-01-17T10:23:45.123456Z', '0197a1b2-0000-7000-8000-000000000001'];

describe('a signed cursor', () => {
  it('gives back what it was made of', () => {
    expect(decodeCursor(encodeCursor(place, 'filter', 'key'), 'filter', 'key')).toEqual(place);
  });

  it.each([
    ['another binding', encodeCursor(place, 'other', 'key')],
    ['another key', encodeCursor(place, 'filter', 'other')],
    ['a changed value', encodeCursor(place, 'filter', 'key').replace(/^./, 'X')],
    ['no signature', encodeCursor(place, 'filter', 'key').split('.')[0]!],
    ['nothing at all', ''],
    ['text of a stranger', '\u0000..%'],
  ])('is refused with %s', (_what, cursor) => {
    expect(() => decodeCursor(cursor, 'filter', 'key')).toThrow(expect.objectContaining({ code: 'PIKAIA_CURSOR_INVALID' }));
  });
});
