import { context, newId, type Clock } from '@pikaia/core';
import { getLogger, metric } from '@pikaia/logging';
import { eventMetrics } from '../metrics.js';
import { retryDelay } from '../loop/backoff.js';
import type { Attempt } from '../log/delivery.record.js';
import type { DeliveryIndex } from './delivery.index.js';
import { markFailed, markPostponed, markPublished, markRefused, markWaiting, undelivered, type Delivery } from './delivery.js';
import { fingerprintOf, textOf } from './error-fingerprint.js';
import type { Watermark } from './watermark.js';
import type { Entry, Lanes, ReplayedEntry } from './lanes.js';
import { payloadTooLarge } from '../log/payload-limit.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { Outcome } from './sink.js';

const logger = getLogger('outbox');
const ALONE_FAILING_MS = 30_000; // an entry that alone meets transport failures for so long moves out of the way

interface OutcomeHandlerOptions {
  readonly sink: { readonly name: string };
  readonly clock: Clock;
  readonly random: () => number;
}

/** Decides what a sink's answer means for the event and for those behind it. */
export class OutcomeHandler {
  /** Events that the sink has accepted since the last `takeAccepted`. */
  private accepted = 0;
  /** How often in a row, since this worker leads: what was postponed burns no attempt that could be counted instead. */
  private readonly postponements = new Map<string, number>();
  /** What waits to be sent again because the sink did not take it: while there is any, the sink is shown as failing. */
  private readonly failing = new Set<Entry>();

  constructor(
    private readonly options: OutcomeHandlerOptions,
    private readonly watermark: Watermark,
    private readonly lanes: Lanes,
    private readonly deliveries: DeliveryIndex,
    private readonly health: CircuitBreaker,
  ) {}

  /** A call has its answers. The sink was reached unless all of them say that it was not. */
  concludeCall(batch: readonly Entry[], outcomes: readonly Outcome[]): void {
    const reached = outcomes.some(({ kind }) => kind !== 'transport');
    if (reached) this.health.reached();
    batch.forEach((entry, index) => this.conclude(entry, outcomes[index]!, reached));
    this.measure(batch, outcomes);
    if (!reached) this.health.pause();
    else if (!this.failing.size) this.health.recover();
  }

  /** An event whose payload was not read. */
  failTooLarge(delivery: Delivery): void {
    const error = payloadTooLarge();
    const failed = markFailed(delivery, delivery.attempts + 1, error);
    this.deliveries.record(failed, this.attemptOf(delivery, error));
    this.logRefusal(failed, error);
  }

  /** An event that was sent and has its answer: the lane goes on, or the event becomes a delivery that it waits for. */
  private conclude(entry: Entry, outcome: Outcome, reached: boolean): void {
    if (outcome.kind === 'accepted') this.accepted++;
    if (entry.replay) return this.concludeReplay(entry, entry.replay, outcome);
    if (outcome.kind !== 'transport') this.failing.delete(entry);
    if (outcome.kind === 'accepted') return this.concludeAccepted(entry);
    const delivery = entry.delivery ?? undelivered(entry.event);
    switch (outcome.kind) {
      case 'refused': {
        this.postponements.delete(delivery.eventId);
        const refused = markRefused(delivery, outcome, this.options.clock.now(), this.options.random);
        this.deliveries.record(refused, this.attemptOf(delivery, outcome.error));
        this.holdBack(entry);
        this.logRefusal(refused, outcome.error);
        return;
      }
      case 'postponed':
        this.postpone(entry, delivery, outcome.error, outcome.retryAfterMs);
        return;
      case 'transport':
        this.health.fail(outcome.error);
        this.sendAgain(entry, delivery, outcome.error, reached);
    }
  }

  /** Nearly all of them: makes nothing that would have to be collected. */
  private concludeAccepted(entry: Entry): void {
    this.postponements.delete(entry.event.eventId);
    if (entry.delivery) this.deliveries.record(markPublished(entry.delivery));
    this.settle(entry);
    this.lanes.next(entry);
  }

  /** At once where nothing passed, since then the sink pauses; by itself after a pause of its own where others passed. */
  private sendAgain(entry: Entry, delivery: Delivery, error: unknown, othersPassed: boolean): void {
    const { clock, random } = this.options;
    const now = clock.monotonic();
    entry.failingSince ??= now;
    this.failing.add(entry);
    if (this.health.reachedAt > entry.failingSince && now - entry.failingSince > ALONE_FAILING_MS) {
      this.failing.delete(entry);
      this.postpone(entry, delivery, error);
    } else if (othersPassed) {
      entry.transportFailures = (entry.transportFailures ?? 0) + 1;
      this.lanes.againAt(entry, now + retryDelay(entry.transportFailures, random));
    } else {
      this.lanes.again(entry);
    }
  }

  takeAccepted(): number {
    const { accepted } = this;
    this.accepted = 0;
    return accepted;
  }

  /** A replay is published again, but says nothing about how long an event takes. */
  private measure(batch: readonly Entry[], outcomes: readonly Outcome[]): void {
    const sink = this.options.sink.name;
    const now = this.options.clock.now().getTime();
    const latencies: number[] = [];
    let published = 0;
    batch.forEach(({ event, replay }, index) => {
      if (outcomes[index]!.kind !== 'accepted') return;
      published++;
      if (!replay) latencies.push(Math.max(now - event.occurredAt.getTime(), 0));
    });
    if (!published) return;
    metric(eventMetrics.published, published, { sink });
    metric(eventMetrics.publishLatency, latencies, { sink });
  }

  /** Whatever became of it, its lane is free: what comes for the first time never waits for a replay. */
  private concludeReplay(entry: Entry, replay: ReplayedEntry, outcome: Outcome): void {
    this.lanes.next(entry);
    if (outcome.kind === 'transport') this.health.fail(outcome.error);
    replay.conclude(outcome);
  }

  private postpone(entry: Entry, delivery: Delivery, error: unknown, retryAfterMs?: number): void {
    const times = (this.postponements.get(delivery.eventId) ?? 0) + 1;
    this.postponements.set(delivery.eventId, times);
    const delay = retryAfterMs ?? retryDelay(times, this.options.random);
    this.deliveries.record(markPostponed(delivery, error, this.options.clock.now(), delay));
    this.holdBack(entry);
    inContextOf(delivery, this.options.sink.name, () =>
      logger.info('event_postponed', { sink: this.options.sink.name, reason: textOf(error) }),
    );
  }

  /** The entry has become a delivery: what was read behind it in its aggregate waits for it. */
  private holdBack(entry: Entry): void {
    this.settle(entry);
    for (const behind of this.lanes.close(entry)) {
      if (behind.replay) {
        behind.replay.giveBack();
        continue;
      }
      this.deliveries.record(markWaiting(behind.event));
      this.settle(behind);
    }
  }

  private settle({ batch, index }: Entry): void {
    if (batch) this.watermark.settle(batch, index);
  }

  private attemptOf({ eventId }: Delivery, error: unknown): Attempt {
    return { eventId, at: this.options.clock.now(), error: textOf(error), fingerprint: fingerprintOf(error) };
  }

  private logRefusal(delivery: Delivery, error: unknown): void {
    const sink = this.options.sink.name;
    const { attempts, nextAttemptAt, fingerprint } = delivery;
    const fields = { sink, attempts, fingerprint };
    inContextOf(delivery, sink, () => {
      if (delivery.status === 'failed') logger.exception('event_failed', error, fields);
      else logger.warning('event_refused', { ...fields, next_attempt_at: nextAttemptAt, reason: textOf(error) });
    });
  }
}

/** Log lines about an event carry the trace id of the request that caused it. */
function inContextOf(delivery: Delivery, sink: string, work: () => void): void {
  const { correlationId, organizationId, eventId, eventType, attempts } = delivery;
  context.run(
    {
      correlationId: correlationId ?? newId(),
      ...(organizationId === null ? {} : { organizationId }),
      event: { id: eventId, type: eventType, consumer: sink, attempt: attempts },
    },
    work,
  );
}
