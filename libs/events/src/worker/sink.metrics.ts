import { metric } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { eventMetrics } from '../metrics.js';
import { LOCK_CLASS } from '../log/sink-lock.js';
import type { SinkState } from '../log/sink-state.js';
import type { UnhandledEvents } from '../admin/outbox.status.js';
import { MAX_COUNT, SINK_STATUS } from '../admin/status.sql.js';

interface SinkRow {
  readonly name: string;
  readonly state: SinkState;
  readonly observer: boolean;
  readonly leader_failing_since: Date | null;
  readonly backlog: number;
  readonly lag_ms: number | null;
  readonly failed: number;
  readonly unhandled: readonly UnhandledEvents[];
}

/**
 * Records the metrics of every sink that is neither retired nor an observer, including zeros and sinks of other workers. A sink that no worker leads,
 * or whose leader measures nothing, therefore keeps its series. Each gauge is a value of the database and equal in all workers.
 */
export async function measureSinks(client: ClientBase): Promise<void> {
  const { rows } = await client.query<SinkRow>(SINK_STATUS, [LOCK_CLASS, MAX_COUNT]);
  for (const { name: sink, state, observer, leader_failing_since, backlog, lag_ms, failed, unhandled } of rows) {
    if (state === 'retired' || observer) continue;
    metric(eventMetrics.leaderFailing, leader_failing_since === null ? 0 : 1, { sink });
    metric(eventMetrics.backlog, backlog, { sink });
    metric(eventMetrics.oldestPending, Math.max(lag_ms ?? 0, 0) / 1000, { sink });
    metric(eventMetrics.failed, failed, { sink });
    const waiting = unhandled.reduce((sum, { count }) => sum + count, 0);
    metric(eventMetrics.unhandled, waiting, { sink });
    metric(eventMetrics.published, 0, { sink });
  }
}
