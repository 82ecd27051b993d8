import { PikaiaError } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { HandlerCall } from './consumer.decorator.js';
import type { HandlerDefinition } from './consumer.definition.js';

const logger = getLogger('consumer');
const PAUSE_MS = 250; // more than a timer is late in a busy process

/**
 * One run of a handler, with its clock. The clock starts when the handler is called. After the timeout the caller stops waiting,
 * the handler gets an abort signal, and the run goes on until the handler ends and its receipt is written.
 */
export class HandlerRun {
  /** Rejects when the caller stops waiting although the run goes on. */
  readonly interrupted: Promise<never>;
  /** Settles for the caller: when the run ends, or when the caller stops waiting. */
  outcome!: Promise<boolean>;
  /** Resolves when the handler has ended, and its receipt is written or not needed. */
  ended!: Promise<void>;
  /** Why the caller stopped waiting. Absent while it waits. */
  interruption: Error | undefined;
  /** True once the handler was called. An earlier error is not its fault. */
  hasStarted = false;
  private readonly controller = new AbortController();
  private interruptCaller!: (reason: Error) => void;
  private called: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(readonly handler: HandlerDefinition) {
    this.interrupted = new Promise((_, reject) => (this.interruptCaller = reject));
    this.interrupted.catch(() => undefined); // the caller may not wait for it
  }

  /** @param execution everything that the run does. It calls `call`. */
  begin(execution: Promise<boolean>): void {
    this.outcome = Promise.race([execution, this.interrupted]);
    this.ended = execution.then(
      () => this.waitForHandler(),
      () => this.waitForHandler(),
    );
  }

  /** Calls the handler and starts its clock. */
  call(work: (call: HandlerCall) => unknown): Promise<unknown> {
    this.hasStarted = true;
    this.startClock();
    this.called = (async () => {
      try {
        return await work({ signal: this.controller.signal });
      } finally {
        clearTimeout(this.timer);
      }
    })();
    return this.called;
  }

  /** Makes the caller stop waiting. */
  interrupt(reason: Error): void {
    this.interruption ??= reason;
    this.interruptCaller(reason);
  }

  /**
   * If the timer fires much too late, the process was paused or its event loop was blocked. The answer that the handler waits for
   * may have arrived and not been read yet. The handler then gets that time back, once.
   */
  private startClock(): void {
    const { timeoutMs } = this.handler;
    const dueAt = performance.now() + timeoutMs;
    this.timer = setTimeout(() => {
      const lateMs = performance.now() - dueAt;
      if (lateMs < PAUSE_MS) this.timeOut();
      else this.timer = setTimeout(() => this.timeOut(), Math.min(lateMs, timeoutMs));
    }, timeoutMs);
  }

  private timeOut(): void {
    const { timeoutMs, method } = this.handler;
    this.interrupt(new PikaiaError('PIKAIA_HANDLER_TIMEOUT', `${method} did not finish within ${timeoutMs} ms.`));
    this.controller.abort(this.interruption);
    this.timer = setTimeout(() => logger.error('handler_still_running', { method, timeout_ms: timeoutMs }), timeoutMs);
    this.timer.unref();
  }

  /** Waits for a handler that outlives its transaction, and logs its late failure. */
  private async waitForHandler(): Promise<void> {
    try {
      await this.called;
    } catch (error) {
      if (this.interruption && error !== this.interruption) logger.exception('handler_failed_late', error);
    }
  }
}
