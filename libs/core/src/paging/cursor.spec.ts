import { checkSigningKey, decodeCursor, encodeCursor } from './cursor.js';

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

describe('checkSigningKey', () => {
  it.each([
    ['', 0],
    ['a short key', 11],
    [new Uint8Array(31), 31],
  ])('refuses the key %p', (key, bytes) => {
    expect(() => checkSigningKey('tokenKey', key)).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_SIGNING_KEY_TOO_SHORT',
        message: expect.stringContaining(`tokenKey has ${bytes} bytes`),
      }),
    );
  });

  it('accepts a key of 32 bytes', () => {
    expect(() => checkSigningKey('tokenKey', new Uint8Array(32))).not.toThrow();
    expect(() => checkSigningKey('tokenKey', 'ä'.repeat(16))).not.toThrow();
  });
});
