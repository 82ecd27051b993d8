import { Inject, Injectable } from '@nestjs/common';
import { redactValue } from '@pikaia/core';
import { DATA_SOURCE, outsideTransaction, queryJsonRows } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { LOCK_CLASS } from '../log/sink-lock.js';
import type { SinkState } from '../log/sink-state.js';
import { MAX_COUNT, MAX_WORKERS, SINK_STATUS, SLOT_STATUS, WORKER_STATUS } from './status.sql.js';

/** A count that stops at `MAX_COUNT`: 10 001 means more than ten thousand. */
export type BoundedCount = number;

/** Events of one type and version that wait for a worker that handles them. */
export interface UnhandledEvents {
  readonly event_type: string;
  readonly schema_version: number;
  /** Among the first 10 001 events that are `retrying`. The events of their aggregates that wait behind them are not counted. */
  readonly count: BoundedCount;
  readonly oldest_event_id: string;
}

/** The status of one sink. */
export interface SinkStatus {
  readonly name: string;
  readonly state: SinkState;
  readonly ordering: 'aggregate' | 'none';
  /** True for a sink on which no status of an event depends, such as `log`. */
  readonly observer: boolean;
  /** The worker that leads the sink. Null: no worker leads it. */
  readonly leader: { readonly worker: string; readonly since: Date | null } | null;
  /**
   * True if no worker leads the sink, and workers have led other sinks for two minutes without it. If it is not named in EVENT_SINKS any
   * more, retire it.
   */
  readonly abandoned: boolean;
  /** The time of the newest cursor. Even an idle leader stores one every minute. */
  readonly last_stored_at: Date | null;
  /** The number of events in the log that the sink has not received yet. */
  readonly backlog: BoundedCount;
  /** The age of the oldest event in the backlog, in milliseconds. Null without a backlog. */
  readonly lag_ms: number | null;
  readonly accepted_last_minute: number;
  /** The event types that the sink has registered. Null: all. */
  readonly event_types: readonly string[] | null;
  readonly failing_since: Date | null;
  readonly last_error: string | null;
  /** The time since which the leaders of the sink repeatedly start and fail. Null after a term that lasts. */
  readonly leader_failing_since: Date | null;
  readonly leader_error: string | null;
  readonly retrying: BoundedCount;
  readonly waiting: BoundedCount;
  /** Dead letters. */
  readonly failed: BoundedCount;
  /**
   * The types and versions that the leader does not handle, as during a rolling deployment or after a rollback. Their events are
   * `retrying` until a worker that handles them leads.
   */
  readonly unhandled: readonly UnhandledEvents[];
  /** The number of replays that are not done. */
  readonly replays: number;
  readonly registered_at: Date;
}

/** The status of one slot of the log. */
export interface SlotStatus {
  readonly slot: number;
  /** An estimate from the server's statistics. */
  readonly rows: number;
  readonly bytes: number;
  readonly oldest: Date | null;
  readonly newest: Date | null;
  /** The sinks that have not received all events of the slot. The slot cannot be emptied before that. */
  readonly not_handed_over_to: readonly string[];
}

/** A process that runs relays. */
export interface WorkerStatus {
  /** Host and process id. */
  readonly worker: string;
  /** The version of the application. Null if it has named none. */
  readonly version: string | null;
  /** The time of its first report. */
  readonly started_at: Date;
  readonly reported_at: Date;
  /** True if it has not reported for a minute, although it reports every few seconds: it crashed, hangs or has no connection. */
  readonly is_silent: boolean;
  /** The sinks that it leads or stands by for. */
  readonly sinks: readonly string[];
  /** The sinks that it leads. */
  readonly leads: readonly string[];
}

export interface OutboxStatusView {
  readonly sinks: readonly SinkStatus[];
  /** The workers, the running ones first. One that stops is removed at once, one that is silent after a day. */
  readonly workers: readonly WorkerStatus[];
  readonly slots: readonly SlotStatus[];
}

type SinkRow = Omit<SinkStatus, 'leader' | 'last_stored_at'> & {
  readonly led: boolean;
  readonly leader: string | null;
  readonly leading_since: Date | null;
  readonly stored_at: Date | null;
};

const SINK_DATES = ['registered_at', 'failing_since', 'leader_failing_since', 'leading_since', 'stored_at'] as const;

/**
 * Reports the status of the outbox. Reads it from the database, outside any transaction, so it includes the workers of all
 * machines.
 */
@Injectable()
export class OutboxStatus {
  constructor(@Inject(DATA_SOURCE) private readonly source: DataSource) {}

  async get(): Promise<OutboxStatusView> {
    const [sinks, workers, slots] = await Promise.all([
      this.sinks(),
      outsideTransaction(() =>
        queryJsonRows<Omit<WorkerStatus, 'leads'>>(this.source, WORKER_STATUS, [MAX_WORKERS], ['started_at', 'reported_at']),
      ),
      outsideTransaction(() =>
        queryJsonRows<Omit<SlotStatus, 'bytes'> & { bytes: string }>(this.source, SLOT_STATUS, [], ['oldest', 'newest']),
      ),
    ]);
    return {
      sinks,
      workers: workers.map((worker) => ({ ...worker, leads: ledBy(worker.worker, sinks) })),
      slots: slots.map((slot) => ({ ...slot, bytes: Number(slot.bytes) })),
    };
  }

  /** Returns the status of each sink, by name. */
  async sinks(): Promise<SinkStatus[]> {
    const rows = await outsideTransaction(() =>
      queryJsonRows<SinkRow>(this.source, SINK_STATUS, [LOCK_CLASS, MAX_COUNT], SINK_DATES),
    );
    return redactValue(rows.map(sinkStatus));
  }
}

const ledBy = (worker: string, sinks: readonly SinkStatus[]): string[] =>
  sinks.filter(({ leader }) => leader?.worker === worker).map(({ name }) => name);

function sinkStatus({ led, leader, leading_since, stored_at, ...row }: SinkRow): SinkStatus {
  return {
    ...row,
    leader: led ? { worker: leader ?? 'unknown', since: leading_since } : null,
    last_stored_at: stored_at,
  };
}
