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
  readonly sinks: readonly SinkAnswer[];
}

/** The answer of one sink to a command. */
export interface SinkAnswer {
  readonly sink: string;
  readonly status: CommandStatus;
  readonly done_at: Date | null;
  readonly answer: CommandAnswer | null;
  /** The counts of a replay that is not done. */
  readonly progress?: Readonly<Record<string, unknown>>;
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
  readonly done_at: string | null;
  readonly answer: CommandAnswer | null;
  readonly progress: Readonly<Record<string, unknown>> | null;
}

/** Combines the rows of one command. */
export function commandView({ rows }: FoundCommand): CommandView {
  const { id, command, arguments: values, asked_by, asked_at } = rows[0]!;
  const sinks = rows.map(sinkAnswer);
  return {
    id,
    command,
    status: statusOf(sinks.map(({ status }) => status)),
    arguments: redactValue(values),
    asked_by,
    asked_at: new Date(asked_at),
    sinks,
  };
}

function sinkAnswer({ sink, done_at, answer, progress }: CommandRow): SinkAnswer {
  const status = answer?.outcome ?? (progress ? 'running' : 'pending');
  return {
    sink,
    status,
    done_at: done_at === null ? null : new Date(done_at),
    answer: redactValue(answer),
    ...(progress && !answer && { progress: redactValue(progress) }),
  };
}

function statusOf(all: readonly CommandStatus[]): CommandStatus {
  for (const status of ['pending', 'refused'] as const) if (all.every((one) => one === status)) return status;
  if (all.some((one) => one === 'pending' || one === 'running')) return 'running';
  return all.includes('failed') ? 'failed' : 'done';
}
