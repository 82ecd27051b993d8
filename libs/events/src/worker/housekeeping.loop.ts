import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import { BackgroundLoop } from '../loop/background.loop.js';
import type { HousekeepingResult } from '../housekeeping/housekeeping.task.js';
import { Housekeeping, type HousekeepingOptions } from '../housekeeping/housekeeping.js';

const logger = getLogger('outbox');

/** The longest time between two runs, as a multiple of the interval. */
export const MAX_INTERVAL_FACTOR = 1.1;

export interface HousekeepingLoopOptions extends HousekeepingOptions {
  /** Milliseconds between two runs. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Source of jitter: returns a number between 0 and 1, so that workers do not run at the same time. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Runs housekeeping at start and then periodically, in every worker. A lock lets one worker at a time do the work. */
export class HousekeepingLoop {
  private readonly housekeeping: Housekeeping;
  private readonly loop = new BackgroundLoop({
    run: () => this.runThenWait(),
    onError: (error) => {
      logger.exception('housekeeping_failed', error);
      return this.planNextRun();
    },
  });
  private nextRunAt = -Infinity; // monotonic milliseconds
  private lastRun: { readonly at: Date; readonly results: readonly HousekeepingResult[] } | undefined;

  constructor(private readonly options: HousekeepingLoopOptions) {
    this.housekeeping = new Housekeeping(options);
  }

  start(): void {
    this.loop.start();
  }

  /** Waits for the current task, for at most `timeoutMs` milliseconds. */
  async stop(timeoutMs = 5000): Promise<void> {
    const stopped = this.loop.stop();
    this.housekeeping.stop();
    const timer = setTimeout(() => void this.housekeeping.abort(), timeoutMs);
    await stopped;
    clearTimeout(timer);
  }

  /** @returns the results of each task; undefined if another process holds the lock. */
  runOnce(): Promise<HousekeepingResult[] | undefined> {
    return this.housekeeping.runOnce();
  }

  /** Time and results of the last run of this process. */
  get last(): { readonly at: Date; readonly results: readonly HousekeepingResult[] } | undefined {
    return this.lastRun;
  }

  /** Milliseconds until the next run. 0 during a run. */
  get nextRunInMs(): number {
    return Math.max(0, this.nextRunAt - this.options.clock.monotonic());
  }

  private async runThenWait(): Promise<number> {
    const results = await this.runOnce();
    if (results) this.lastRun = { at: this.options.clock.now(), results };
    return this.planNextRun();
  }

  /** @returns the milliseconds until the next run. */
  private planNextRun(): number {
    const { intervalMs, clock, random = Math.random } = this.options;
    const pauseMs = intervalMs * (MAX_INTERVAL_FACTOR - 0.2 * random());
    this.nextRunAt = clock.monotonic() + pauseMs;
    return pauseMs;
  }
}
