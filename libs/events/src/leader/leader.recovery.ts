import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import type { LeaderTask } from '../delivery/leader.task.js';
import { MARK_LEADER_FAILING } from '../log/progress.sql.js';
import { STABLE_AFTER_MS, type LeaderFailure } from './term.history.js';

const logger = getLogger('outbox');

interface LeaderRecoveryOptions {
  readonly sink: { readonly name: string };
  readonly clock: Clock;
}

/** Stores that the leaders of a sink fail, for operators and other workers. Runs before a term, which may fail early. */
export async function markLeaderFailing(client: ClientBase, sink: string, worker: string, failure: LeaderFailure): Promise<void> {
  await client.query(MARK_LEADER_FAILING, [sink, worker, failure.since, failure.error]);
}

/** Clears the mark of `markLeaderFailing` once this term is stable. */
export class LeaderRecovery implements LeaderTask {
  private readonly beganAt: number;

  constructor(
    private readonly client: ClientBase,
    private readonly options: LeaderRecoveryOptions,
    private readonly worker: string,
    /** The stored value. */
    private failingSince: Date | null,
  ) {
    this.beganAt = options.clock.monotonic();
  }

  get dueInMs(): number {
    return this.failingSince ? this.beganAt + STABLE_AFTER_MS - this.options.clock.monotonic() : Infinity;
  }

  step(): void | Promise<void> {
    if (this.dueInMs <= 0) return this.recover();
  }

  private async recover(): Promise<void> {
    const { name } = this.options.sink;
    await this.client.query(MARK_LEADER_FAILING, [name, this.worker, null, null]);
    logger.info('leader_recovered', { sink: name, failing_since: this.failingSince });
    this.failingSince = null;
  }
}
