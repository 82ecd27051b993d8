import type { Clock } from '@pikaia/core';
import type { LeaderTask } from '../delivery/leader.task.js';
import { CommandExecutor } from './command.executor.js';
import { ReplayRunner } from './replay.runner.js';

const RETRY_MS = 50; // a command that waits for what is under way

interface CommandTaskOptions {
  readonly clock: Clock;
  readonly pollIntervalMs: number;
}

/** What a leader does beside delivering: people's commands and the replays that they asked for. */
export class CommandTask implements LeaderTask {
  private nextPollAt = -Infinity; // monotonic milliseconds

  constructor(
    private readonly options: CommandTaskOptions,
    private readonly executor: CommandExecutor,
    private readonly replays: ReplayRunner,
  ) {}

  /** Nothing is read and nothing is sent. */
  get isPaused(): boolean {
    return this.executor.isHalted;
  }

  /** The sink has no use for a leader any more. */
  get isRetired(): boolean {
    return this.executor.isRetired;
  }

  get isIdle(): boolean {
    return this.replays.isIdle;
  }

  /** Somebody has asked for something. */
  noteCommand(): void {
    this.nextPollAt = -Infinity;
  }

  step(): void | Promise<void> {
    if (this.pollDueInMs <= 0 || !this.replays.isIdle) return this.run();
  }

  private async run(): Promise<void> {
    if (this.pollDueInMs <= 0) await this.poll();
    if (!this.isPaused) await this.replays.step();
  }

  get dueInMs(): number {
    return Math.min(this.pollDueInMs, this.isPaused ? Infinity : this.replays.dueInMs);
  }

  private async poll(): Promise<void> {
    this.nextPollAt = this.options.clock.monotonic() + this.options.pollIntervalMs;
    if (await this.executor.executeOpenCommands()) this.nextPollAt = this.options.clock.monotonic() + RETRY_MS;
    await this.replays.load();
  }

  private get pollDueInMs(): number {
    return this.nextPollAt - this.options.clock.monotonic();
  }
}
