import type { Clock } from '@pikaia/core';
import type { LeaderTask } from '../delivery/leader.task.js';
import type { Leader } from './leader.js';

interface KeepAliveOptions {
  readonly clock: Clock;
  readonly leaderTimeoutMs: number;
}

/** Pings the server often enough that `idle_session_timeout` never ends the leader's session. */
export class KeepAlive implements LeaderTask {
  private pingAt = -Infinity;

  constructor(
    private readonly options: KeepAliveOptions,
    private readonly leader: Leader,
  ) {}

  get dueInMs(): number {
    return this.pingAt - this.options.clock.monotonic();
  }

  /** @throws the error that ended the reading connection and so the leadership. */
  step(): void | Promise<void> {
    this.leader.throwIfLost();
    if (this.dueInMs <= 0) return this.ping();
  }

  private async ping(): Promise<void> {
    await this.leader.ping();
    this.pingAt = this.options.clock.monotonic() + this.options.leaderTimeoutMs / 3;
  }
}
