import type { ClientBase } from 'pg';

/** How long what is kept is kept, in milliseconds. */
export interface Retention {
  /** Events that every sink has had. */
  readonly logMs: number;
  /** Failed deliveries, and commands and replays that are done. */
  readonly failedMs: number;
  /** What a consumer has done about an event: longer than anything that could be delivered again. */
  readonly receiptMs: number;
}

/** What a chore has removed, or in a dry run would remove. */
export interface Finding {
  /** A table, or a slot of the log. */
  readonly what: string;
  readonly removed: number;
  readonly unit: 'rows' | 'bytes';
  /** Why something stays that is old enough to go. */
  readonly kept?: string;
}

/** One thing that housekeeping does. Each may be cut off anywhere and run again, and none waits for others for long. */
export interface Chore {
  readonly name: string;
  run(client: ClientBase, retention: Retention, dryRun: boolean): Promise<Finding[]>;
}
