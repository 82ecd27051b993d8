export type CommandName = 'pause' | 'resume' | 'retire' | 'skip' | 'replay';

/** Which events a replay concerns: all that agree with everything that is given. The names are those of the api. */
export interface ReplayFilter {
  readonly event_id?: string;
  readonly event_type?: string;
  readonly aggregate_type?: string;
  readonly aggregate_id?: string;
  readonly organization_id?: string;
  readonly correlation_id?: string;
  /** When it occurred: inclusive, ISO 8601. */
  readonly from?: string;
  /** Exclusive. */
  readonly to?: string;
  /** `failed`: dead letters only; `published`: only what was handed over. Default: both. */
  readonly status?: 'failed' | 'published';
  /** A part of the last error, in any case; only dead letters have one. */
  readonly error?: string;
}

export interface ReplayArguments {
  readonly filter: ReplayFilter;
  /** Only counts. */
  readonly dry_run: boolean;
  /** Events at most; null: all that match. */
  readonly limit: number | null;
  /** Events a second at most; null: as fast as the sink takes them. */
  readonly rate: number | null;
}

/** What the leader finds on its executor: a row of outbox_command. */
export interface OpenCommand {
  readonly id: string;
  readonly command: CommandName;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Whose events alone it may touch; null: all. */
  readonly organization_id: string | null;
  readonly asked_by: string;
  readonly correlation_id: string | null;
}

/** The result of a command at one sink. */
export type CommandAnswer =
  | { readonly outcome: 'done'; readonly [detail: string]: unknown }
  /** The leader decided against it. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** An error occurred while the leader executed it. A replay may have sent some of its events before. */
  | { readonly outcome: 'failed'; readonly reason: string; readonly [detail: string]: unknown };

export const done = (details: Readonly<Record<string, unknown>> = {}): CommandAnswer => ({ ...details, outcome: 'done' });
export const refusedBecause = (reason: string): CommandAnswer => ({ outcome: 'refused', reason });
export const failedBecause = (reason: string, details: Readonly<Record<string, unknown>> = {}): CommandAnswer => ({
  ...details,
  outcome: 'failed',
  reason,
});
