import type { Delivery } from './delivery.js';
import type { Batch } from './watermark.js';
import type { Outcome, SinkEvent } from './sink.js';

/** What a replay wants to know of an entry that it has sent on its way. */
export interface ReplayedEntry {
  conclude(outcome: Outcome): void;
  /** It was not sent: the lane has closed before it. */
  giveBack(): void;
}

/** One event on its way to the sink. */
export interface Entry {
  /** What must not be in flight twice; null: nothing waits for it. */
  readonly lane: string | null;
  /** As the sink gets it. */
  readonly event: SinkEvent;
  /** The stored delivery that is tried again; null for an event that comes from the log. */
  readonly delivery: Delivery | null;
  /** What was read with it, and its place there; null for a delivery and for a replay, which the cursor has passed. */
  readonly batch: Batch | null;
  readonly index: number;
  readonly bytes: number;
  /** Since when this entry meets transport failures; monotonic milliseconds. */
  failingSince?: number;
  /** How many of them. */
  transportFailures?: number;
  /** An event that had been handed over before, and is sent again. */
  readonly replay?: ReplayedEntry;
  /** The next one of its lane; `Lanes` sets it. */
  behind?: Entry;
}

/**
 * Emptied when it ends: a map under so much change leaves its former tables behind, which keep what they held until the
 * next full collection of garbage.
 */
interface Lane {
  last: Entry | undefined;
}

/**
 * Entries in the order in which they may be sent. A lane holds the events of one aggregate, and only its first is in
 * flight; those of an unordered sink have none.
 */
export class Lanes {
  private readonly lanes = new Map<string, Lane>();
  /** First entries of their lanes that are not in flight. */
  private readonly ready: Entry[] = [];
  /** Those that have to be sent again, but not before a time; few. */
  private readonly delayed = new Map<Entry, number>();

  add(entry: Entry): void {
    const lane = entry.lane === null ? undefined : this.lanes.get(entry.lane);
    if (lane) {
      lane.last!.behind = entry;
      lane.last = entry;
      return;
    }
    if (entry.lane !== null) this.lanes.set(entry.lane, { last: entry });
    this.ready.push(entry);
  }

  /** The first entries of lanes of which nothing is in flight, within a call's limits; a large one goes alone. */
  take(limits: { readonly entries: number; readonly bytes: number }): Entry[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.ready) {
      bytes += entry.bytes;
      if (count === limits.entries || (count && bytes > limits.bytes)) break;
      count++;
    }
    return this.ready.splice(0, count);
  }

  /** It is done with: the next of its lane may go. */
  next(entry: Entry): void {
    if (entry.behind) this.ready.push(entry.behind);
    else this.remove(entry);
  }

  /** It has to be sent again, before all others. */
  again(entry: Entry): void {
    this.ready.unshift(entry);
  }

  /** It has to be sent again, but not before a time: monotonic milliseconds. */
  againAt(entry: Entry, at: number): void {
    this.delayed.set(entry, at);
  }

  /** When the next delayed one may go; Infinity when none is. */
  get delayedUntil(): number {
    return Math.min(...this.delayed.values());
  }

  releaseDelayed(now: number): void {
    for (const [entry, at] of this.delayed) {
      if (at > now) continue;
      this.delayed.delete(entry);
      this.again(entry);
    }
  }

  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  /** Ends its lane and gives what stood behind it. */
  close(first: Entry): Entry[] {
    const rest: Entry[] = [];
    for (let entry = first.behind; entry; entry = entry.behind) rest.push(entry);
    this.remove(first);
    return rest;
  }

  private remove({ lane: name }: Entry): void {
    if (name === null) return;
    const lane = this.lanes.get(name);
    if (lane) lane.last = undefined;
    this.lanes.delete(name);
  }
}
