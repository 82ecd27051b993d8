import { Lanes, type Entry } from './lanes.js';

const LIMITS = { maxBatchEvents: 3, maxBatchBytes: 100 };

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

  it('takes as many entries as one call allows, in order', () => {
    const [a, b, c, d] = added(entry('a'), entry('b'), entry('c'), entry('d'));
    expect(lanes.takeReady(LIMITS)).toEqual([a, b, c]);
    expect(lanes.takeReady(LIMITS)).toEqual([d]);
    expect(lanes.takeReady(LIMITS)).toEqual([]);
  });

  it('takes no more bytes than one call allows, and takes a larger entry alone', () => {
    const [a, b, large, c] = added(entry('a', 60), entry('b', 41), entry('large', 101), entry('c', 10));
    expect(lanes.takeReady(LIMITS)).toEqual([a]);
    expect(lanes.takeReady(LIMITS)).toEqual([b]);
    expect(lanes.takeReady(LIMITS)).toEqual([large]);
    expect(lanes.takeReady(LIMITS)).toEqual([c]);
  });

  it('takes only the first entry of a lane until that entry is finished', () => {
    const [first, second, other, third] = added(entry('a'), entry('a'), entry('b'), entry('a'));
    expect(lanes.takeReady(LIMITS)).toEqual([first, other]);
    expect(lanes.hasReady).toBe(false);
    lanes.releaseNext(first!);
    expect(lanes.takeReady(LIMITS)).toEqual([second]);
    lanes.releaseNext(second!);
    lanes.releaseNext(other!);
    expect(lanes.takeReady(LIMITS)).toEqual([third]);
    lanes.releaseNext(third!);
    const [anew] = added(entry('a')); // the lane was closed
    expect(lanes.takeReady(LIMITS)).toEqual([anew]);
  });

  it('an entry without a lane waits for no other entry and blocks none', () => {
    const [a, b, c] = added(entry(null), entry(null), entry('lane'));
    expect(lanes.takeReady(LIMITS)).toEqual([a, b, c]);
    lanes.releaseNext(a!);
    expect(lanes.closeLane(b!)).toEqual([]);
    const [d, e] = added(entry(null), entry('lane'));
    expect(lanes.takeReady(LIMITS)).toEqual([d]); // e waits behind c
    lanes.releaseNext(c!);
    expect(lanes.takeReady(LIMITS)).toEqual([e]);
  });

  it('takes a retried entry before all others, or after its delay', () => {
    const [a, b, c] = added(entry('a'), entry('b'), entry('c'));
    lanes.takeReady({ ...LIMITS, maxBatchEvents: 2 });
    lanes.retryNow(b!);
    lanes.retryAt(a!, 50);
    expect(lanes.nextDelayedAt).toBe(50);
    lanes.releaseDelayed(49);
    expect(lanes.takeReady(LIMITS)).toEqual([b, c]);
    lanes.releaseDelayed(50);
    expect([lanes.takeReady(LIMITS), lanes.nextDelayedAt]).toEqual([[a], Infinity]);
  });

  it('closing a lane returns the entries behind its first', () => {
    const [first, second, third] = added(entry('a'), entry('a'), entry('a'));
    lanes.takeReady(LIMITS);
    expect(lanes.closeLane(first!)).toEqual([second, third]);
    const [anew] = added(entry('a'));
    expect(lanes.takeReady(LIMITS)).toEqual([anew]);
  });
});
