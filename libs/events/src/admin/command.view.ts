import { redactValue } from '@pikaia/core';
import type { CommandAnswer, CommandName } from '../commands/command.js';

export type CommandStatus = 'pending' | 'running' | 'done' | 'refused' | 'failed';

/** A command and its answers, for operators. */
export interface CommandView {
  readonly id: string;
  readonly command: CommandName;
  /**
   * `pending`: no leader has started it. `running`: some sinks have not answered. `refused`: every sink refused it. `failed`: at
   * least one sink failed.
   */
  readonly status: CommandStatus;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly asked_by: string;
  readonly asked_at: Date;
  /** Why the person gave the command. */
  readonly reason: string | null;
  /** The correlation id of the request. Its audit entry has the same. Null for a command that was given by SQL. */
  readonly correlation_id: string | null;
  readonly sinks: readonly SinkAnswer[];
}

/** The answer of one sink to a command. */
export interface SinkAnswer {
  readonly sink: string;
  readonly status: CommandStatus;
  readonly done_at: Date | null;
  readonly answer: CommandAnswer | null;
  /** The number of events that matched when a replay was given. Null: not counted, or more than 10,000. */
  readonly expected: number | null;
  /** The progress of a replay that is not done. */
  readonly progress?: ReplayProgress;
}

/** The progress of a replay at one sink, as of its last stored batch. Positions are 64-bit integers as text. */
export interface ReplayProgress {
  readonly matched: number;
  readonly sent: number;
  /** Sent to a handler that skips replays. */
  readonly skipped: number;
  readonly dead_letters: number;
  readonly failed: number;
  readonly last_error: string | null;
  /** True if the replay was canceled and ends once none of its events is in flight. */
  readonly canceled: boolean;
  /** The maximum number of events per second. Null: no limit. */
  readonly rate: number | null;
  readonly started_at: Date;
  /** The time since the start, by the clock of the database. */
  readonly elapsed_ms: number;
  readonly start_position: string;
  readonly position: string;
  readonly end_position: string;
  /** The part of the log that was read, between 0 and 1. */
  readonly share: number;
}

/** The place of a command in the list: the time of the request as UTC text with microseconds, and the id. */
export type CommandPlace = readonly [askedAt: string, id: string];

/** Some commands, newest first. */
export interface CommandPage {
  readonly data: readonly CommandView[];
  /** The place of the last command, for the next call of `list`. Null on the last page. */
  readonly next: CommandPlace | null;
}

/** A row of LIST_COMMANDS and FIND_COMMAND. */
export interface FoundCommand {
  readonly id: string;
  readonly asked_us: string;
  /** One for each sink. */
  readonly rows: readonly CommandRow[];
}

/** A row of `outbox_command`, as JSON. */
interface CommandRow {
  readonly id: string;
  readonly sink: string;
  readonly command: CommandName;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly asked_by: string;
  readonly asked_at: string;
  readonly reason: string | null;
  readonly correlation_id: string | null;
  readonly done_at: string | null;
  readonly answer: CommandAnswer | null;
  readonly expected: number | null;
  readonly progress: (Omit<ReplayProgress, 'started_at' | 'share'> & { readonly started_at: string }) | null;
}

/** Combines the rows of one command. */
export function commandView({ rows }: FoundCommand): CommandView {
  const { id, command, arguments: values, asked_by, asked_at, reason, correlation_id } = rows[0]!;
  const sinks = rows.map(sinkAnswer);
  return {
    id,
    command,
    status: statusOf(sinks.map(({ status }) => status)),
    arguments: redactValue(values),
    asked_by,
    asked_at: new Date(asked_at),
    reason: redactValue(reason),
    correlation_id,
    sinks,
  };
}

function sinkAnswer({ sink, done_at, answer, expected, progress }: CommandRow): SinkAnswer {
  const status = answer?.outcome ?? (progress ? 'running' : 'pending');
  return {
    sink,
    status,
    done_at: done_at === null ? null : new Date(done_at),
    answer: redactValue(answer),
    expected,
    ...(progress && !answer && { progress: replayProgress(progress) }),
  };
}

function replayProgress({ started_at: startedAt, ...progress }: NonNullable<CommandRow['progress']>): ReplayProgress {
  const [start, position, end] = [progress.start_position, progress.position, progress.end_position].map(BigInt);
  const share = end! > start! ? Number(((position! - start!) * 1_000n) / (end! - start!)) / 1_000 : 1;
  return { ...redactValue(progress), started_at: new Date(startedAt), share };
}

function statusOf(all: readonly CommandStatus[]): CommandStatus {
  for (const status of ['pending', 'refused'] as const) if (all.every((one) => one === status)) return status;
  if (all.some((one) => one === 'pending' || one === 'running')) return 'running';
  return all.includes('failed') ? 'failed' : 'done';
}
