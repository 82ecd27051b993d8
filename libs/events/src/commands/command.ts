/** All commands. */
export const COMMANDS = ['pause', 'resume', 'retire', 'skip', 'replay', 'drop_type', 'cancel'] as const;

export type CommandName = (typeof COMMANDS)[number];

/** The maximum number of events that a replay can name. The command and its audit entry contain their ids. */
export const MAX_SELECTED_EVENTS = 500;

/** Selects the events of a replay. An event must match all given conditions. The api uses the same field names. */
export interface ReplayFilter {
  readonly event_id?: string;
  /** Several events, at most MAX_SELECTED_EVENTS. */
  readonly event_ids?: readonly string[];
  readonly event_type?: string;
  readonly aggregate_type?: string;
  readonly aggregate_id?: string;
  readonly organization_id?: string;
  readonly correlation_id?: string;
  /** The id of the actor in the envelope. */
  readonly actor_id?: string;
  /** The earliest time of occurrence, inclusive; ISO 8601. */
  readonly from?: string;
  /** The latest time of occurrence, exclusive; ISO 8601. */
  readonly to?: string;
  /** `failed` selects dead letters, `published` selects delivered events. Default: both. */
  readonly status?: 'failed' | 'published';
  /** A part of the last error, case-insensitive. Only dead letters have one. */
  readonly error?: string;
  /** The fingerprint of the last error. Only dead letters have one. */
  readonly fingerprint?: string;
}

/** The arguments of the command `replay`. */
export interface ReplayArguments {
  readonly filter: ReplayFilter;
  /** True: counts the events and sends nothing. */
  readonly dry_run: boolean;
  /** The maximum number of events. Null: all that match. */
  readonly limit: number | null;
  /** The maximum number of events per second. Null: as fast as the sink accepts them. */
  readonly rate: number | null;
}

/** A row of `outbox_command` without an answer. */
export interface OpenCommand {
  readonly id: string;
  readonly command: CommandName;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The only organization whose events the command may affect. Null: all organizations. */
  readonly organization_id: string | null;
  readonly asked_by: string;
  readonly correlation_id: string | null;
}

/** The result of a command at one sink. */
export type CommandAnswer =
  | { readonly outcome: 'done'; readonly [detail: string]: unknown }
  /** The leader did not execute the command. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** An error occurred while the leader executed the command. A replay may have sent some of its events. */
  | { readonly outcome: 'failed'; readonly reason: string; readonly [detail: string]: unknown };

export const done = (details: Readonly<Record<string, unknown>> = {}): CommandAnswer => ({ ...details, outcome: 'done' });
export const refusedBecause = (reason: string): CommandAnswer => ({ outcome: 'refused', reason });
export const failedBecause = (reason: string, details: Readonly<Record<string, unknown>> = {}): CommandAnswer => ({
  ...details,
  outcome: 'failed',
  reason,
});
