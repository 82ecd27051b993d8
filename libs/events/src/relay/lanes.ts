import type { Delivery } from './delivery.js';
import type { OutboxRow } from './cursor.js';
import type { Outcome } from './sink.js';

/** What a replay wants to know of an entry that it has sent on its way. */
export interface ReplayedEntry {
  readonly id: string;
  /** 1 at the first. */
  readonly attempt: number;
  conclude(outcome: Outcome): void;
  /** It was not sent: the lane has closed before it. */
  giveBack(): void;
}

/** One event on its way to the sink. */
export interface Entry {
  /** The lane: what must not be in flight twice. */
  readonly lane: string;
  readonly event: (OutboxRow | Delivery) & { readonly payload: string };
  /** The stored delivery that is tried again; null for an event that comes from the log. */
  readonly delivery: Delivery | null;
  /** Tells the hand-over that the cursor may pass; nothing for a delivery, whose event it has passed. */
  readonly settle: () => void;
  readonly bytes: number;
  /** Since when this entry meets transport failures; monotonic milliseconds. */
  failingSince?: number;
  /** How many of them. */
  transportFailures?: number;
  /** An event that had been handed over before, and is sent again. */
  readonly replay?: ReplayedEntry;
}

/**
 * Entries in the order in which they may be sent. A lane holds the events of one aggregate, and only its first is in
 * flight; an unordered sink gives each event a lane of its own.
 */
export class Lanes {
  private readonly lanes = new Map<string, Entry[]>();
  private readonly ready: string[] = [];
  /** Lanes whose first entry has to be sent again, but not before a time; few. */
  private readonly delayed = new Map<string, number>();

  add(entry: Entry): void {
    const lane = this.lanes.get(entry.lane);
    if (lane) {
      lane.push(entry);
    } else {
      this.lanes.set(entry.lane, [entry]);
      this.ready.push(entry.lane);
    }
  }

  has(lane: string): boolean {
    return this.lanes.has(lane);
  }

  /** The first entries of lanes of which nothing is in flight, within a call's limits; a large one goes alone. */
  take(limits: { readonly entries: number; readonly bytes: number }): Entry[] {
    const taken: Entry[] = [];
    let bytes = 0;
    while (this.ready.length && taken.length < limits.entries) {
      const entry = this.lanes.get(this.ready[0]!)![0]!;
      bytes += entry.bytes;
      if (taken.length && bytes > limits.bytes) break;
      this.ready.shift();
      taken.push(entry);
    }
    return taken;
  }

  /** The first entry of the lane is done with: the next one may go. */
  next(lane: string): void {
    const entries = this.lanes.get(lane)!;
    entries.shift();
    if (entries.length) this.ready.push(lane);
    else this.lanes.delete(lane);
  }

  /** The first entry has to be sent again, before all others. */
  again(lane: string): void {
    this.ready.unshift(lane);
  }

  /** The first entry has to be sent again, but not before a time: monotonic milliseconds. */
  againAt(lane: string, at: number): void {
    this.delayed.set(lane, at);
  }

  /** When the next delayed lane may go; Infinity when none is. */
  get delayedUntil(): number {
    return Math.min(...this.delayed.values());
  }

  releaseDelayed(now: number): void {
    for (const [lane, at] of this.delayed) {
      if (at > now) continue;
      this.delayed.delete(lane);
      this.again(lane);
    }
  }

  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  /** Ends the lane and gives what stood behind its first entry. */
  close(lane: string): Entry[] {
    const [, ...rest] = this.lanes.get(lane)!;
    this.lanes.delete(lane);
    return rest;
  }
}
