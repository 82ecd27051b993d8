import { Inject, Injectable } from '@nestjs/common';
import { DATA_SOURCE, outsideTransaction, queryJsonRows } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { COUNT_EXPIRED_UP_TO } from '../delivery/expiry.sql.js';
import type { ExpiredRows } from './expired-rows.tasks.js';
import { FIND_RUN, FIND_SLOTS, LOST_WORKERS, OLD_COMMANDS, OLD_PROGRESS, OLD_RECEIPTS, OLD_REPLAYS } from './housekeeping.sql.js';
import type { HousekeepingResult, Retention } from './housekeeping.task.js';

export const APPLICATION_ROWS = Symbol('pikaia.application-rows');

/** Selects the rows that a task of the application removes, by its name and from its retention in milliseconds. */
export type ApplicationRows = Readonly<Record<string, (retentionMs: number) => ExpiredRows>>;

/** Counting the rows of a table stops here. */
const MAX_COUNTED_ROWS = 100_000;

/** The amount that housekeeping would remove from one table or slot. */
export interface ExpectedRemoval extends HousekeepingResult {
  /** True if there are more than 100,000 rows. */
  readonly is_capped: boolean;
}

export interface HousekeepingPreviewView {
  /** How long the workers keep data. */
  readonly retention: Retention;
  readonly last_run: { readonly at: Date; readonly results: readonly HousekeepingResult[] };
  /** The time at which the first of the running workers runs housekeeping. Null if no worker has reported it. */
  readonly next_run_at: Date | null;
  /** What a run would remove now. */
  readonly expected: readonly ExpectedRemoval[];
}

interface RunRow {
  readonly at: Date;
  readonly next_run_at: Date | null;
  readonly retention: Retention;
  readonly results: HousekeepingResult[];
}

interface SinkRow {
  readonly name: string;
  readonly ordering: 'aggregate' | 'none';
}

interface SlotRow {
  readonly slot: number;
  readonly bytes: number;
  readonly not_handed_over_to: readonly string[];
}

/** Reports the last run of housekeeping, and what a run would remove now. Removes nothing and needs no privilege to remove. */
@Injectable()
export class HousekeepingPreview {
  constructor(
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(APPLICATION_ROWS) private readonly applicationRows: ApplicationRows,
  ) {}

  /** Returns null until a worker has run housekeeping. The retentions are those of that worker. */
  async get(): Promise<HousekeepingPreviewView | null> {
    const [run] = await this.query<RunRow>(FIND_RUN, [], ['at', 'next_run_at']);
    if (!run) return null;
    const { retention } = run;
    const expected = [
      ...(await this.expectedSlots(retention)),
      await this.expectedRows('outbox.outbox_progress', OLD_PROGRESS, []),
      await this.expectedRows('outbox.consumer_receipt', OLD_RECEIPTS, [retention.receiptMs]),
      await this.expectedRows('outbox.outbox_command', OLD_COMMANDS, [retention.failedMs]),
      await this.expectedRows('outbox.outbox_replay', OLD_REPLAYS, [retention.failedMs]),
      await this.expectedRows('outbox.outbox_worker', LOST_WORKERS, []),
      await this.expectedDeliveries(retention),
      ...(await this.expectedOfApplication(retention)),
    ];
    return { retention, last_run: { at: run.at, results: run.results }, next_run_at: run.next_run_at, expected };
  }

  private async expectedSlots({ logMs }: Retention): Promise<ExpectedRemoval[]> {
    const slots = await this.query<SlotRow>(FIND_SLOTS, [logMs]);
    return slots.map(({ slot, bytes, not_handed_over_to: sinks }) => ({
      what: `outbox_log_${slot}`,
      removed: sinks.length ? 0 : bytes,
      unit: 'bytes' as const,
      is_capped: false,
      ...(sinks.length && { kept: `not handed over to ${sinks.join(', ')}` }),
    }));
  }

  private async expectedRows(table: string, select: string, values: readonly unknown[]): Promise<ExpectedRemoval> {
    const count = `select count(*)::int as count from (${select} limit ${MAX_COUNTED_ROWS + 1}) o`;
    const [row] = await this.query<{ count: number }>(count, values);
    return expectedRows(table, row!.count);
  }

  private async expectedDeliveries({ failedMs }: Retention): Promise<ExpectedRemoval> {
    const sinks = await this.query<SinkRow>('select name, ordering from outbox.outbox_sink order by name', []);
    let count = 0;
    for (const { name, ordering } of sinks) {
      const values = [name, failedMs, ordering === 'aggregate', MAX_COUNTED_ROWS + 1 - count];
      const [row] = await this.query<{ expired: number }>(COUNT_EXPIRED_UP_TO, values);
      count += row!.expired;
    }
    return expectedRows('outbox.outbox_delivery', count);
  }

  private async expectedOfApplication({ further = {} }: Retention): Promise<ExpectedRemoval[]> {
    const expected: ExpectedRemoval[] = [];
    for (const [task, expiredRows] of Object.entries(this.applicationRows)) {
      if (further[task] === undefined) continue; // the worker that ran last does not have the task
      const { table, select, values } = expiredRows(further[task]);
      expected.push(await this.expectedRows(table, select, values));
    }
    return expected;
  }

  private query<Row extends object>(sql: string, values: readonly unknown[], dates: (keyof Row & string)[] = []): Promise<Row[]> {
    return outsideTransaction(() => queryJsonRows<Row>(this.source, sql, values, dates));
  }
}

const expectedRows = (what: string, count: number): ExpectedRemoval => ({
  what,
  removed: Math.min(count, MAX_COUNTED_ROWS),
  unit: 'rows',
  is_capped: count > MAX_COUNTED_ROWS,
});
