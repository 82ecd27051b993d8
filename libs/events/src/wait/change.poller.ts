import type { Clock } from '@pikaia/core';
import { databaseFault, queryJsonRows } from '@pikaia/database';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource } from 'typeorm';
import { localSinkOf } from '../consume/consumer.definition.js';
import { WakeSignal } from '../loop/wake-signal.js';
import type { Change } from './change-token.js';
import { FIND_CHANGES, type ChangeState } from './wait.sql.js';

/** A change that a caller waits for at a consumer. */
export interface AwaitedChange extends Change {
  readonly consumer: string;
  /** Receives each state that was read, until it returns true. */
  readonly onState: (state: ChangeState) => boolean;
  /** Receives an error of the database. True if the poller must not try again. */
  readonly onError: (error: unknown, isFinal: boolean) => void;
}

interface Poll extends AwaitedChange {
  readonly startedAt: number;
  dueAt: number;
}

const MIN_INTERVAL_MS = 10; // a local consumer usually needs less
const MAX_INTERVAL_MS = 250;
const AGE_PER_INTERVAL = 4; // the interval grows with the age of the wait, so the delay is at most a quarter of it
const MAX_CHANGES_PER_QUERY = 200;

/**
 * Reads the state of all awaited changes of this process. One short query at a time reads those that are due, so the number of
 * waits does not change the number of connections, and no connection is held between the queries.
 */
export class ChangePoller {
  private readonly polls = new Set<Poll>();
  private readonly wakeSignal = new WakeSignal();
  private running = false;
  /** Runs the queries outside the context and the transaction of the caller that starts them. */
  private readonly detached = AsyncLocalStorage.snapshot();

  constructor(
    private readonly source: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Starts to read the state of a change. @returns a function that ends it. */
  add(change: AwaitedChange): () => void {
    const now = this.clock.monotonic();
    const poll: Poll = { ...change, startedAt: now, dueAt: now };
    this.polls.add(poll);
    if (this.running) this.wakeSignal.wake();
    else this.detached(() => void this.run());
    return () => {
      this.polls.delete(poll);
      if (!this.polls.size) this.wakeSignal.wake();
    };
  }

  /** Runs while there are polls. Never rejects. */
  private async run(): Promise<void> {
    this.running = true;
    await Promise.resolve(); // callers of the same turn share the first query
    while (this.polls.size) {
      const startedAt = this.clock.monotonic();
      const due = [...this.polls].filter(({ dueAt }) => dueAt <= startedAt).slice(0, MAX_CHANGES_PER_QUERY);
      if (due.length) await this.poll(due);
      const now = this.clock.monotonic();
      for (const poll of due) poll.dueAt = now + intervalOf(now - poll.startedAt);
      if (!this.polls.size) break;
      const nextAt = Math.min(...[...this.polls].map(({ dueAt }) => dueAt));
      if (nextAt > now) await this.wakeSignal.wait(nextAt - now);
    }
    this.running = false;
  }

  private async poll(due: readonly Poll[]): Promise<void> {
    const values = [
      due.map(({ consumer }) => consumer),
      due.map(({ consumer }) => localSinkOf(consumer)),
      due.map(({ txid }) => txid),
      due.map(({ position }) => position),
    ];
    try {
      for (const state of await queryJsonRows<ChangeState>(this.source, FIND_CHANGES, values)) {
        const poll = due[state.n - 1]!;
        if (poll.onState(state)) this.polls.delete(poll);
      }
    } catch (error) {
      const isFinal = databaseFault(error) === undefined;
      for (const poll of due) {
        if (isFinal) this.polls.delete(poll);
        poll.onError(error, isFinal);
      }
    }
  }
}

const intervalOf = (ageMs: number): number => Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, ageMs / AGE_PER_INTERVAL));
