import type { Delivery } from './delivery.js';
import type { ReadBatch } from './watermark.js';
import type { Outcome, SinkEvent, SinkLimits } from './sink.js';

/** Callbacks of a replay for an entry that it added to the lanes. */
export interface ReplayedEntry {
  handleOutcome(outcome: Outcome): void;
  /** Returns an entry to the replay unsent, because its lane closed before its turn. */
  requeue(): void;
}

/** One event that is queued for the sink or in flight. */
export interface Entry {
  /** At most one entry of a lane is in flight. Null: no lane, so the entry blocks no other. */
  readonly lane: string | null;
  /** The event as the sink receives it. */
  readonly event: SinkEvent;
  /** The stored delivery that is retried. Null for an event that was read from the log. */
  readonly delivery: Delivery | null;
  /** The batch with which the event was read. Null for a retried delivery and for a replay, which the cursor has passed. */
  readonly batch: ReadBatch | null;
  /** Position of the event in `batch`. */
  readonly index: number;
  readonly bytes: number;
  /** The time at which the event was inserted, by the clock of the database, in epoch milliseconds. Null: unknown. */
  readonly recordedMs: number | null;
  /** Time of the first transport failure of this entry, in monotonic milliseconds. */
  failingSince?: number;
  /** Transport failures of this entry in calls that reached the sink. */
  transportFailures?: number;
  /** Set if a replay sends an event that was delivered before. */
  readonly replay?: ReplayedEntry;
  /** The next entry of the same lane. `Lanes` sets it. */
  nextInLane?: Entry;
}

/**
 * A lane is emptied when it ends. A map that changes this often leaves its old hash tables behind. Those tables keep the
 * lanes alive until the next full garbage collection.
 */
interface Lane {
  last: Entry | undefined;
}

/**
 * Queue of entries in sending order. A lane holds the events of one aggregate, and only its first entry is in flight.
 * Entries of an unordered sink have no lane.
 */
export class Lanes {
  private readonly lanes = new Map<string, Lane>();
  /** Entries that are first in their lane, or have none, and are not in flight. */
  private readonly ready: Entry[] = [];
  /** Entries that are retried after a delay, with the time in monotonic milliseconds. The map stays small. */
  private readonly delayed = new Map<Entry, number>();

  add(entry: Entry): void {
    const lane = entry.lane === null ? undefined : this.lanes.get(entry.lane);
    if (lane) {
      lane.last!.nextInLane = entry;
      lane.last = entry;
      return;
    }
    if (entry.lane !== null) this.lanes.set(entry.lane, { last: entry });
    this.ready.push(entry);
  }

  /** Removes and returns the ready entries for one call. An entry larger than `maxBatchBytes` is returned alone. */
  takeReady({ maxBatchEvents, maxBatchBytes }: Omit<SinkLimits, 'maxConcurrency'>): Entry[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.ready) {
      bytes += entry.bytes;
      if (count === maxBatchEvents || (count && bytes > maxBatchBytes)) break;
      count++;
    }
    return this.ready.splice(0, count);
  }

  /** Finishes `entry` and makes the next entry of its lane ready. */
  releaseNext(entry: Entry): void {
    if (entry.nextInLane) this.ready.push(entry.nextInLane);
    else this.remove(entry);
  }

  /** Makes `entry` ready again, ahead of all others. */
  retryNow(entry: Entry): void {
    this.ready.unshift(entry);
  }

  /** Makes `entry` ready again at the time `at`, in monotonic milliseconds. */
  retryAt(entry: Entry, at: number): void {
    this.delayed.set(entry, at);
  }

  /** Time at which the next delayed entry becomes ready, in monotonic milliseconds. Infinity if none is delayed. */
  get nextDelayedAt(): number {
    return Math.min(...this.delayed.values());
  }

  releaseDelayed(now: number): void {
    for (const [entry, at] of this.delayed) {
      if (at > now) continue;
      this.delayed.delete(entry);
      this.retryNow(entry);
    }
  }

  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  /** Closes the lane of its first entry and returns the entries behind it. */
  closeLane(first: Entry): Entry[] {
    const rest: Entry[] = [];
    for (let entry = first.nextInLane; entry; entry = entry.nextInLane) rest.push(entry);
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
