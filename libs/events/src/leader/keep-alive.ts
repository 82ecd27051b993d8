import type { Clock } from '@pikaia/core';
import type { LeaderTask } from '../delivery/leader.task.js';
import type { Leader } from './leader.js';

interface KeepAliveOptions {
  readonly clock: Clock;
  readonly leaderTimeoutMs: number;
}

/** Says a word to the server before its patience ends, also where there is nothing to read or store. */
export class KeepAlive implements LeaderTask {
  private pingAt = -Infinity;

  constructor(
    private readonly options: KeepAliveOptions,
    private readonly leader: Leader,
  ) {}

  get dueInMs(): number {
    return this.pingAt - this.options.clock.monotonic();
  }

  /** @throws what ended the reading connection, and with it the lead. */
  step(): void | Promise<void> {
    this.leader.throwIfLost();
    if (this.dueInMs <= 0) return this.ping();
  }

  private async ping(): Promise<void> {
    await this.leader.ping();
    this.pingAt = this.options.clock.monotonic() + this.options.leaderTimeoutMs / 3;
  }
}
