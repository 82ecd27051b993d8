import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matches } from './event-pattern.ts';

describe('the evaluation of event patterns', () => {
  const event = { source: 'a', 'detail-type': 'b.c', detail: { version: 1, email: null, tags: ['x', 'y'] } };

  it('matches if each field has one of the listed values, with the same type', () => {
    assert.equal(matches({ source: ['z', 'a'], detail: { version: [1] } }, event), true);
    assert.equal(matches({ detail: { email: [null], tags: ['y'] } }, event), true);
    for (const pattern of [
      { source: ['A'] },
      { source: ['a'], 'detail-type': ['b'] },
      { detail: { version: ['1'] } },
      { detail: { version: [true] } },
      { detail: { email: ['null'] } },
      { detail: { missing: [null] } },
      { detail: { version: { deeper: [1] } } },
      { toString: ['x'] },
    ]) {
      assert.equal(matches(pattern, event), false, JSON.stringify(pattern));
    }
  });

  for (const pattern of [
    { source: [{ prefix: 'a' }] },
    { source: ['a', { 'anything-but': 'b' }] },
    { detail: { version: [{ numeric: ['>', 0] }] } },
    { $or: [{ source: ['a'] }] },
    { source: 'z', detail: { version: [{ exists: false }] } },
    { source: [] },
    { source: 'a' },
    {},
    'a',
  ]) {
    it(`refuses the pattern ${JSON.stringify(pattern)}`, () => assert.throws(() => matches(pattern, event)));
  }
});
