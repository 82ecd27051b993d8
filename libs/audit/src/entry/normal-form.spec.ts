import { normalForm } from './normal-form.js';

const circular: Record<string, unknown> = { name: 'loop' };
circular['self'] = circular;
const doubling = Array.from({ length: 30 }).reduce<unknown>((inner) => [inner, inner], 'x');

describe('normalForm', () => {
  it.each<[string, unknown, unknown]>([
    ['a date as UTC text with microseconds', new Date('2026-01-17T11:23:45.123+01:00'), '2026-01-17T10:23:45.123000Z'],
    ['an invalid date', new Date(Number.NaN), 'Invalid Date'],
    ['a bigint', 12345678901234567890n, '12345678901234567890'],
    ['NaN', Number.NaN, 'NaN'],
    ['minus infinity', -Infinity, '-Infinity'],
    ['minus zero', -0, 0],
    ['U+0000', 'a\u0000b', 'a\ufffdb'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
    ['a pair of surrogates, which is a character', '\u{1f600}', '\u{1f600}'],
    ['undefined in an object as absent, and null as null', { a: undefined, b: null, c: () => 1, d: Symbol('d') }, { b: null }],
    ['undefined in a list as null, to keep positions', [undefined, 1], [null, 1]],
    ['hostile keys', { 'a\u0000': { '\udc00': 1 } }, { 'a\ufffd': { '\ufffd': 1 } }],
    ['bytes as base64', Buffer.from([1, 2, 3]), 'AQID'],
    ['a map and a set', new Map([['a', new Set([1])]]), { a: [1] }],
    ['an object with toJSON', new URL('https://example.com/'), 'https://example.com/'],
    ['a circular reference', circular, { name: 'loop', self: '[circular]' }],
    ['a getter that throws', { a: 1, get b() { throw new Error('no'); } }, { a: 1, b: '[unreadable]' }], // prettier-ignore
    ['a toJSON that throws', { toJSON: () => JSON.parse('{') as unknown }, '[unreadable]'],
  ])('normalizes %s', (_what, value, expected) => {
    expect(normalForm(value)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])(
    // prettier-ignore
    'returns undefined for %s',
    (_what, value) => expect(normalForm(value)).toBeUndefined(),
  );

  it('keeps `__proto__` as an ordinary key', () => {
    const value = normalForm(JSON.parse('{"__proto__": {"admin": true}}')) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });

  it('terminates for a value that nests forever or shares its parts a billion times', () => {
    const endless = { toJSON: () => ({ again: endless, more: { toJSON: () => endless } }) };
    expect(normalForm(endless)).toBeDefined();
    expect(JSON.stringify(normalForm(doubling)).length).toBeLessThan(1_000_000);
  });
});
