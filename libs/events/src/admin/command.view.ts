import { redactValue } from '@pikaia/core';
import type { CommandAnswer, CommandName } from '../commands/command.js';

export type CommandStatus = 'pending' | 'running' | 'done' | 'refused' | 'failed';

/** A command as people follow it. */
export interface CommandView {
  readonly id: string;
  readonly command: CommandName;
  /** `pending`: no leader has begun; `running`: some sinks have not answered; `refused`: by every sink; `failed`: at one sink at least. */
  readonly status: CommandStatus;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly asked_by: string;
  readonly asked_at: Date;
  readonly sinks: readonly SinkAnswer[];
}

export interface SinkAnswer {
  readonly sink: string;
  readonly status: CommandStatus;
  readonly done_at: Date | null;
  readonly answer: CommandAnswer | null;
  /** Of a replay that is not done. */
  readonly progress?: Readonly<Record<string, unknown>>;
}

export interface CommandRow {
  readonly id: string;
  readonly sink: string;
  readonly command: CommandName;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly asked_by: string;
  readonly asked_at: Date;
  readonly done_at: Date | null;
  readonly answer: CommandAnswer | null;
  readonly progress: Readonly<Record<string, unknown>> | null;
}

/** The rows of one command, at least one, as a whole. */
export function commandView(rows: readonly CommandRow[]): CommandView {
  const { id, command, arguments: values, asked_by, asked_at } = rows[0]!;
  const sinks = rows.map(sinkAnswer);
  return {
    id,
    command,
    status: statusOf(sinks.map(({ status }) => status)),
    arguments: redactValue(values),
    asked_by,
    asked_at,
    sinks,
  };
}

function sinkAnswer({ sink, done_at, answer, progress }: CommandRow): SinkAnswer {
  const status = answer?.outcome ?? (progress ? 'running' : 'pending');
  return { sink, status, done_at, answer: redactValue(answer), ...(progress && !answer && { progress: redactValue(progress) }) };
}

function statusOf(all: readonly CommandStatus[]): CommandStatus {
  for (const status of ['pending', 'refused'] as const) if (all.every((one) => one === status)) return status;
  if (all.some((one) => one === 'pending' || one === 'running')) return 'running';
  return all.includes('failed') ? 'failed' : 'done';
}
