import type { Clock } from '@pikaia/core';
import { BackgroundLoop } from '@pikaia/events';
import { errorMessage, getLogger, metric } from '@pikaia/logging';
import { webhookSendingMetrics } from '../metrics.js';
import type { ClaimedDelivery } from './claimed.delivery.js';
import type { DeliverySender } from './delivery.sender.js';
import type { DeliveryStore } from './delivery.store.js';

const logger = getLogger('webhook-sending');
const POLL_INTERVAL_MS = 1_000;
const SETTLE_INTERVAL_MS = 5_000;
const MEASURE_INTERVAL_MS = 15_000; // a quarter of the period of the metrics

export interface SendingLoopOptions {
  readonly store: DeliveryStore;
  readonly sender: Pick<DeliverySender, 'send'>;
  /** The most deliveries that are attempted at a time. */
  readonly concurrency: number;
  readonly clock: Clock;
}

/**
 * Claims deliveries that are due and attempts them, as many at a time as the limits allow. Runs in every worker; they share the
 * deliveries by their claims. It is woken by new deliveries of this process and after each attempt, and otherwise polls.
 */
export class SendingLoop {
  private readonly inFlight = new Map<ClaimedDelivery, Promise<void>>();
  private readonly abort = new AbortController();
  private settleAt = 0;
  private measureAt = 0;
  private readonly loop = new BackgroundLoop({
    run: async () => {
      await this.runOnce();
      if (this.loop.hasFailed) logger.info('webhook_sending_restored');
      return POLL_INTERVAL_MS;
    },
    onError: (error, failures) => {
      if (failures === 1) logger.warning('webhook_sending_interrupted', { reason: errorMessage(error) });
      return POLL_INTERVAL_MS;
    },
  });

  constructor(private readonly options: SendingLoopOptions) {}

  start(): void {
    this.loop.start();
  }

  /** Claims the deliveries that are due now. */
  wake(): void {
    this.loop.wake();
  }

  /**
   * Claims nothing more, and waits up to `timeoutMs` for the attempts in flight. The others are ended, and another worker attempts their
   * deliveries at once.
   */
  async stop(timeoutMs: number): Promise<void> {
    await this.loop.stop();
    const timer = setTimeout(() => this.abort.abort(new Error('The worker stops.')), timeoutMs);
    const unfinished = new Set(this.inFlight.keys());
    await Promise.all(this.inFlight.values());
    clearTimeout(timer);
    if (this.abort.signal.aborted) await this.options.store.release([...unfinished]);
  }

  private async runOnce(): Promise<void> {
    const { store, concurrency, clock } = this.options;
    const free = concurrency - this.inFlight.size;
    if (free > 0) for (const delivery of await store.claim(free, this.inFlight.keys())) this.begin(delivery);
    const now = clock.monotonic();
    if (now >= this.settleAt) this.settleAt = (await store.settleInactive()) ? now : now + SETTLE_INTERVAL_MS;
    if (now >= this.measureAt) {
      const { due, seconds } = await store.measureDue();
      metric(webhookSendingMetrics.due, due);
      metric(webhookSendingMetrics.oldestDue, seconds);
      this.measureAt = now + MEASURE_INTERVAL_MS;
    }
  }

  private begin(delivery: ClaimedDelivery): void {
    const ended = this.options.sender.send(delivery, this.abort.signal).finally(() => {
      this.inFlight.delete(delivery);
      this.loop.wake();
    });
    this.inFlight.set(delivery, ended);
  }
}
