import { getLogger } from '@pikaia/logging';
import type { LeaderTask } from '../delivery/leader.task.js';
import { MARK_LEADER_FAILING } from '../log/progress.sql.js';
import { STABLE_AFTER_MS, type LeaderFailure } from './term.history.js';
import type { RelayContext } from '../delivery/relay.context.js';

const logger = getLogger('outbox');

type FailureMarkContext = Pick<RelayContext, 'client' | 'sink' | 'worker' | 'clock'>;

/** Stores that the leaders of a sink fail, for operators and other workers. Runs before a term, which may fail early. */
export async function markLeaderFailing(
  { client, sink, worker, clock }: FailureMarkContext,
  { forMs, error }: LeaderFailure,
): Promise<void> {
  await client.query(MARK_LEADER_FAILING, [sink.name, worker, new Date(clock.now().getTime() - forMs), error]);
}

/** Clears the mark of `markLeaderFailing` once this term is stable. */
export class LeaderFailureMark implements LeaderTask {
  private readonly beganAt: number;

  constructor(
    private readonly relay: FailureMarkContext,
    /** The stored `leader_failing_since`. */
    private failingSince: Date | null,
  ) {
    this.beganAt = relay.clock.monotonic();
  }

  get dueInMs(): number {
    return this.failingSince ? this.beganAt + STABLE_AFTER_MS - this.relay.clock.monotonic() : Infinity;
  }

  step(): void | Promise<void> {
    if (this.dueInMs <= 0) return this.recover();
  }

  private async recover(): Promise<void> {
    const { client, sink, worker } = this.relay;
    await client.query(MARK_LEADER_FAILING, [sink.name, worker, null, null]);
    logger.info('leader_recovered', { sink: sink.name, failing_since: this.failingSince });
    this.failingSince = null;
  }
}
