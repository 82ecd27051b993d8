import { Inject, Injectable } from '@nestjs/common';
import { redactValue } from '@pikaia/core';
import { outsideTransaction, queryJsonRows } from '@pikaia/database';
import { DataSource } from 'typeorm';
import { LOCK_CLASS } from '../log/sink-lock.js';
import type { SinkState } from '../log/sink-state.js';
import { COUNTED_AT_MOST, SINK_STATUS, SLOT_STATUS } from './status.sql.js';

/** A number that was counted no further than `COUNTED_AT_MOST`: 10 001 means more than ten thousand. */
export type BoundedCount = number;

export interface SinkStatus {
  readonly name: string;
  readonly state: SinkState;
  readonly ordering: 'aggregate' | 'none';
  /** Who delivers; null while nobody does. */
  readonly leader: { readonly worker: string; readonly since: Date | null } | null;
  /** The last sign of the sink's leaders: their cursor, which even an idle one stores once a minute. */
  readonly last_stored_at: Date | null;
  /** Events of the log that are not handed over. */
  readonly backlog: BoundedCount;
  /** Milliseconds since the oldest of them was recorded; null without backlog. */
  readonly lag_ms: number | null;
  readonly accepted_last_minute: number;
  readonly failing_since: Date | null;
  readonly last_error: string | null;
  /** Since when its leaders start and fail again and again; null after one that lasts. */
  readonly leader_failing_since: Date | null;
  readonly leader_error: string | null;
  readonly retrying: BoundedCount;
  readonly waiting: BoundedCount;
  /** Dead letters. */
  readonly failed: BoundedCount;
  /** Under way or still to begin. */
  readonly replays: number;
  readonly registered_at: Date;
}

export interface SlotStatus {
  readonly slot: number;
  /** As the server's statistics estimate it. */
  readonly rows: number;
  readonly bytes: number;
  readonly oldest: Date | null;
  readonly newest: Date | null;
  /** The sinks without which it cannot be emptied. */
  readonly not_handed_over_to: readonly string[];
}

export interface OutboxStatusView {
  readonly sinks: readonly SinkStatus[];
  readonly slots: readonly SlotStatus[];
}

type SinkRow = Omit<SinkStatus, 'leader' | 'last_stored_at'> & {
  readonly led: boolean;
  readonly leader: string | null;
  readonly leading_since: Date | null;
  readonly stored_at: Date | null;
};

const SINK_DATES = ['registered_at', 'failing_since', 'leader_failing_since', 'leading_since', 'stored_at'] as const;

/** How the outbox is: asks the database, outside of any transaction, and so sees the workers of all machines. */
@Injectable()
export class OutboxStatus {
  constructor(@Inject(DataSource) private readonly source: DataSource) {}

  async get(): Promise<OutboxStatusView> {
    const [sinks, slots] = await outsideTransaction(() =>
      Promise.all([
        queryJsonRows<SinkRow>(this.source, SINK_STATUS, [LOCK_CLASS, COUNTED_AT_MOST], SINK_DATES),
        queryJsonRows<Omit<SlotStatus, 'bytes'> & { bytes: string }>(this.source, SLOT_STATUS, [], ['oldest', 'newest']),
      ]),
    );
    return { sinks: redactValue(sinks.map(sinkStatus)), slots: slots.map((slot) => ({ ...slot, bytes: Number(slot.bytes) })) };
  }
}

function sinkStatus({ led, leader, leading_since, stored_at, ...row }: SinkRow): SinkStatus {
  return {
    ...row,
    leader: led ? { worker: leader ?? 'unknown', since: leading_since } : null,
    last_stored_at: stored_at,
  };
}
