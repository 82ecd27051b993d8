import { metric } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { eventMetrics } from '../metrics.js';
import { LOCK_CLASS } from '../log/sink-lock.js';
import { MAX_COUNT, SINK_STATUS } from '../admin/status.sql.js';

interface SinkRow {
  readonly name: string;
  readonly led: boolean;
  readonly leader_failing_since: Date | null;
  readonly leader: string | null;
  readonly backlog: number;
  readonly lag_ms: number | null;
  readonly failed: number;
}

/**
 * Records the metrics of the sinks that this worker leads, including zeros: a series that stops means that no worker
 * delivers to the sink. A failing leader rarely holds the lock when this runs, so a sink with failing leaders counts as well.
 */
export async function measureSinks(client: ClientBase, worker: string): Promise<void> {
  const { rows } = await client.query<SinkRow>(SINK_STATUS, [LOCK_CLASS, MAX_COUNT]);
  for (const { name: sink, led, leader, leader_failing_since, backlog, lag_ms, failed } of rows) {
    const isFailing = leader_failing_since !== null;
    if (!(led || isFailing) || leader !== worker) continue;
    metric(eventMetrics.leaderFailing, isFailing ? 1 : 0, { sink });
    metric(eventMetrics.backlog, backlog, { sink });
    metric(eventMetrics.oldestPending, Math.max(lag_ms ?? 0, 0) / 1000, { sink });
    metric(eventMetrics.failed, failed, { sink });
    metric(eventMetrics.published, 0, { sink });
  }
}
