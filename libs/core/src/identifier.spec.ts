import { findIdProblem, newId, parseId } from './identifier.js';

describe('newId', () => {
  afterEach(() => jest.restoreAllMocks());

  it('returns a UUIDv7 that contains the current time', () => {
    const before = Date.now();
    const id = newId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('returns 20,000 ids that are unique and in ascending order', () => {
    const ids = Array.from({ length: 20_000 }, newId);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('returns ids in ascending order when the clock stops or goes back', () => {
    const last = newId();
    jest.spyOn(Date, 'now').mockReturnValue(1_000);
    const ids = [last, newId(), newId(), newId()];
    expect([...ids].sort()).toEqual(ids);
  });
});

describe('findIdProblem', () => {
  it.each(['a', ' a ', '0', '\0', 0, -1, Number.MAX_SAFE_INTEGER, 0n, 2n ** 70n])('accepts %p', (id) => {
    expect(findIdProblem(id)).toBeUndefined();
  });

  it.each<[unknown, string]>([
    [undefined, 'is undefined'],
    [null, 'is null'],
    ['', 'is empty text'],
    [' \n\u3000', 'is blank text'],
    [Number.NaN, 'is NaN'],
    [Infinity, 'is a number, but not a safe integer'],
    [0.5, 'is a number, but not a safe integer'],
    [2 ** 53, 'is a number, but not a safe integer'],
    [false, 'is a boolean'],
    [Symbol('a'), 'is a symbol'],
    [() => 'a', 'is a function'],
    [{ toString: () => 'a' }, 'is an object'],
    [Object.create(null), 'is an object'],
    [['a'], 'is an object of the class Array'],
    [new Date(), 'is an object of the class Date'],
  ])('says of %p that it %s', (id, problem) => {
    expect(findIdProblem(id)).toBe(problem);
  });
});

describe('parseId', () => {
  const stored = '0198a0a0-abcd-7000-8000-0123456789ef';

  it('returns the stored spelling of a UUID in capitals or braces', () => {
    for (const spelling of [stored, stored.toUpperCase(), `{${stored}}`, `{${stored.toUpperCase()}}`])
      expect(parseId(spelling)).toBe(stored);
  });

  it.each([
    '',
    '{}',
    `{${stored}`,
    `${stored}}`,
    `{{${stored}}}`,
    ` ${stored}`,
    `${stored}\n`,
    stored.replaceAll('-', ''),
    'org-1',
  ])('returns undefined for %j', (text) => expect(parseId(text)).toBeUndefined());
});
