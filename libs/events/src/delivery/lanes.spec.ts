import { Lanes, type Entry } from './lanes.js';

const LIMITS = { entries: 3, bytes: 100 };

const entry = (lane: string | null, bytes = 10): Entry =>
  ({ lane, bytes, event: {}, delivery: null, batch: null, index: 0 }) as unknown as Entry;

describe('Lanes', () => {
  let lanes: Lanes;

  beforeEach(() => {
    lanes = new Lanes();
  });

  function added(...given: Entry[]): Entry[] {
    for (const one of given) lanes.add(one);
    return given;
  }

  it('gives as many as a call takes, in their order', () => {
    const [a, b, c, d] = added(entry('a'), entry('b'), entry('c'), entry('d'));
    expect(lanes.take(LIMITS)).toEqual([a, b, c]);
    expect(lanes.take(LIMITS)).toEqual([d]);
    expect(lanes.take(LIMITS)).toEqual([]);
  });

  it('gives no more bytes than a call takes, and one that is larger alone', () => {
    const [a, b, large, c] = added(entry('a', 60), entry('b', 41), entry('large', 101), entry('c', 10));
    expect(lanes.take(LIMITS)).toEqual([a]);
    expect(lanes.take(LIMITS)).toEqual([b]);
    expect(lanes.take(LIMITS)).toEqual([large]);
    expect(lanes.take(LIMITS)).toEqual([c]);
  });

  it('has the first of a lane under way and no other, until it is done with', () => {
    const [first, second, other, third] = added(entry('a'), entry('a'), entry('b'), entry('a'));
    expect(lanes.take(LIMITS)).toEqual([first, other]);
    expect(lanes.hasReady).toBe(false);
    lanes.next(first!);
    expect(lanes.take(LIMITS)).toEqual([second]);
    lanes.next(second!);
    lanes.next(other!);
    expect(lanes.take(LIMITS)).toEqual([third]);
    lanes.next(third!);
    const [anew] = added(entry('a')); // the lane had ended
    expect(lanes.take(LIMITS)).toEqual([anew]);
  });

  it('lets what has no lane wait for nothing, and nothing for it', () => {
    const [a, b, c] = added(entry(null), entry(null), entry('lane'));
    expect(lanes.take(LIMITS)).toEqual([a, b, c]);
    lanes.next(a!);
    expect(lanes.close(b!)).toEqual([]);
    const [d, e] = added(entry(null), entry('lane'));
    expect(lanes.take(LIMITS)).toEqual([d]); // the other is behind c
    lanes.next(c!);
    expect(lanes.take(LIMITS)).toEqual([e]);
  });

  it('gives what has to be sent again before all others, or at its time', () => {
    const [a, b, c] = added(entry('a'), entry('b'), entry('c'));
    lanes.take({ ...LIMITS, entries: 2 });
    lanes.again(b!);
    lanes.againAt(a!, 50);
    expect(lanes.delayedUntil).toBe(50);
    lanes.releaseDelayed(49);
    expect(lanes.take(LIMITS)).toEqual([b, c]);
    lanes.releaseDelayed(50);
    expect([lanes.take(LIMITS), lanes.delayedUntil]).toEqual([[a], Infinity]);
  });

  it('ends a lane with what stands behind its first', () => {
    const [first, second, third] = added(entry('a'), entry('a'), entry('a'));
    lanes.take(LIMITS);
    expect(lanes.close(first!)).toEqual([second, third]);
    const [anew] = added(entry('a'));
    expect(lanes.take(LIMITS)).toEqual([anew]);
  });
});
