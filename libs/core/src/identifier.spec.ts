import { newId, parseId } from './identifier.js';

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
