import fc from 'fast-check';
import { etagOf, matchesStrongly, matchesWeakly, parseEntityTags } from './entity-tags.js';

const text = fc.stringMatching(/^[\x21\x23-\x7e\x80-\xff]*$/);
const tag = fc.tuple(fc.constantFrom('', 'W/'), text).map(([weak, value]) => `${weak}"${value}"`);
const gap = fc.stringMatching(/^[ \t]*(,[ \t]*)*$/);

describe('a list of entity tags', () => {
  it('is read with any white space and any empty elements', () => {
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1 }), gap, fc.stringMatching(/^[ \t]*,[ \t]*$/), (tags, around, comma) => {
        expect(parseEntityTags('If-Match', around + tags.join(comma) + around)).toEqual(tags);
      }),
    );
  });

  it('of any length is refused if it is malformed or has no tag', () => {
    // The search from each position would take minutes at this length, so a pattern that backtracks fails by the timeout.
    for (const header of [', '.repeat(500_000), '"'.repeat(1_000_000), `${' '.repeat(1_000_000)}x`])
      expect(() => parseEntityTags('If-Match', header)).toThrow('If-Match must be');
  });

  it('matches by its text, and a weak tag only for If-None-Match', () => {
    const etag = etagOf({ id: 1 });
    expect(etagOf({ id: 1 })).toBe(etag);
    expect(etagOf({ id: 2 })).not.toBe(etag);
    expect(
      [[etag], [`W/${etag}`], ['"a"'], '*' as const].map((tags) => [matchesStrongly(tags, etag), matchesWeakly(tags, etag)]),
    ).toEqual([
      [true, true],
      [false, true],
      [false, false],
      [true, true],
    ]);
  });
});
