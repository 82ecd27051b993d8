import type { LeaderTask } from '../delivery/leader.task.js';
import { CommandExecutor } from './command.executor.js';
import { ReplayRunner } from './replay.runner.js';
import type { RelayContext } from '../delivery/relay.context.js';

const RETRY_MS = 50; // wait before a command is tried again that depends on a call in flight

/** Executes the commands of operators and runs the replays that they request. */
export class CommandTask implements LeaderTask {
  private nextPollAt = -Infinity; // monotonic milliseconds

  constructor(
    private readonly relay: Pick<RelayContext, 'clock' | 'pollIntervalMs'>,
    private readonly executor: CommandExecutor,
    private readonly replays: ReplayRunner,
  ) {}

  /** True while nothing is read or sent, because the sink is paused or retired. */
  get isHalted(): boolean {
    return this.executor.isHalted;
  }

  /** True once the sink is retired. */
  get isRetired(): boolean {
    return this.executor.isRetired;
  }

  /** True once an event type was dropped in this term. */
  get hasDroppedType(): boolean {
    return this.executor.hasDroppedType;
  }

  get isIdle(): boolean {
    return this.replays.isIdle;
  }

  /** Records that a new command may be waiting. */
  onCommand(): void {
    this.nextPollAt = -Infinity;
  }

  step(): void | Promise<void> {
    if (this.pollDueInMs <= 0 || !this.replays.isIdle) return this.run();
  }

  private async run(): Promise<void> {
    if (this.pollDueInMs <= 0) await this.poll();
    if (!this.isHalted || this.replays.isCanceled) await this.replays.step();
  }

  get dueInMs(): number {
    return Math.min(this.pollDueInMs, this.isHalted && !this.replays.isCanceled ? Infinity : this.replays.dueInMs);
  }

  private async poll(): Promise<void> {
    this.nextPollAt = this.relay.clock.monotonic() + this.relay.pollIntervalMs;
    if (await this.executor.executeOpenCommands()) this.nextPollAt = this.relay.clock.monotonic() + RETRY_MS;
    for (const id of this.executor.takeCanceledReplays()) this.replays.cancel(id);
    await this.replays.load();
  }

  private get pollDueInMs(): number {
    return this.nextPollAt - this.relay.clock.monotonic();
  }
}
