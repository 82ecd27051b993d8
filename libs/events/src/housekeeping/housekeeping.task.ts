import type { ClientBase } from 'pg';

/** How long housekeeping keeps data, in milliseconds. */
export interface Retention {
  /** Events that every sink has received. */
  readonly logMs: number;
  /** Failed deliveries, and commands and replays that have ended. */
  readonly failedMs: number;
  /** Receipts of consumers. Longer than any event can be delivered again. */
  readonly receiptMs: number;
  /** The retentions of tasks of the application, by the name of the task. */
  readonly further?: Readonly<Record<string, number>>;
}

/** The amount that one task removed from one table or slot, or would remove in a dry run. */
export interface HousekeepingResult {
  /** A table, or a slot of the log. */
  readonly what: string;
  readonly removed: number;
  readonly unit: 'rows' | 'bytes';
  /** Why data stays although it is old enough to be removed. */
  readonly kept?: string;
}

/**
 * One kind of data that housekeeping removes. A task can be interrupted anywhere and run again. It never waits long for a lock.
 */
export interface HousekeepingTask {
  readonly name: string;
  /** The retention of a task of the application, in milliseconds. It is stored for the preview of the api. */
  readonly retentionMs?: number;
  run(client: ClientBase, retention: Retention, dryRun: boolean): Promise<HousekeepingResult[]>;
}
