import { context } from '@pikaia/core';
import { WakeSignal } from './wake-signal.js';

export interface LoopHandlers {
  /** Runs once. Returns the milliseconds until the next run; null ends the loop. */
  run(): Promise<number | null>;
  /**
   * Handles an error of `run`. `failures` counts consecutive failures from 1. Returns the milliseconds until the next run, which
   * only `stop` shortens; null ends the loop.
   */
  onError(error: unknown, failures: number): number | null;
}

/** Runs a task repeatedly in the background, outside the context of any request, until it is stopped. */
export class BackgroundLoop {
  private readonly wakeSignal = new WakeSignal();
  /** Woken only by `stop`, so that nothing shortens a back-off. */
  private stopSignal = new WakeSignal();
  private running: Promise<void> | undefined;
  private failures = 0;
  private stopped = false;

  constructor(private readonly handlers: LoopHandlers) {}

  start(): void {
    if (this.running) return;
    this.stopped = false;
    this.stopSignal = new WakeSignal();
    this.running = context.exit(() => this.runUntilStopped());
  }

  /** Prevents the next run and waits for the current one. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wakeSignal.wake();
    this.stopSignal.wake();
    await this.running;
    this.running = undefined;
  }

  /** Ends the wait for the next run, or the `wait` of the current one. */
  wake(): void {
    this.wakeSignal.wake();
  }

  /** Waits inside a run, until `wake` or `stop`. */
  wait(ms: number): Promise<void> {
    return this.wakeSignal.wait(ms);
  }

  get isStarted(): boolean {
    return this.running !== undefined;
  }

  get isStopping(): boolean {
    return this.stopped;
  }

  /** True from an error until the next success. */
  get hasFailed(): boolean {
    return this.failures > 0;
  }

  /** Restarts the count of consecutive failures. A successful run does so as well. */
  resetFailures(): void {
    this.failures = 0;
  }

  private async runUntilStopped(): Promise<void> {
    while (!this.stopped) {
      const pauseMs = await this.runOnce();
      if (pauseMs === null) return;
      if (this.stopped) return;
      await (this.failures ? this.stopSignal : this.wakeSignal).wait(pauseMs);
    }
  }

  private async runOnce(): Promise<number | null> {
    try {
      const pauseMs = await this.handlers.run();
      this.failures = 0;
      return pauseMs;
    } catch (error) {
      return this.stopped ? null : this.handlers.onError(error, ++this.failures);
    }
  }
}
