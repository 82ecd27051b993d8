import { context, newId, PikaiaError } from '@pikaia/core';
import { getLogger, maskLogLines, metric } from '@pikaia/logging';
import { eventMetrics } from '../metrics.js';
import { retryDelay } from '../loop/backoff.js';
import type { Attempt } from '../log/delivery.record.js';
import type { DeliveryIndex } from './delivery.index.js';
import { markFailed, markPostponed, markPublished, markRefused, markWaiting, newDelivery, type Delivery } from './delivery.js';
import { fingerprintOf, textOf } from './error-fingerprint.js';
import type { Watermark } from './watermark.js';
import type { Entry, Lanes, ReplayedEntry } from './lanes.js';
import { readActor } from '../contract/envelope-actor.js';
import { personalMaskOf } from '../contract/personal-data.js';
import { payloadTooLarge } from '../log/payload-limit.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { NEWER_WORKER_RETRY_MS, type Outcome, type Sink, type SinkEvent } from './sink.js';
import type { RelayContext } from './relay.context.js';

const logger = getLogger('outbox');
const MAX_SOLE_FAILURE_MS = 30_000; // after which an entry that fails alone becomes a retrying delivery

/** The outcomes of a term by kind. An event that is tried twice counts twice. */
export interface OutcomeCounts {
  readonly accepted: number;
  /** Attempts that failed. The events are retried. */
  readonly retrying: number;
  /** Events that became dead letters. */
  readonly failed: number;
  /** The last error of an attempt or a call. */
  readonly lastError: string | null;
}

/** Applies the outcomes of a call to its events, their lanes, the deliveries, the watermark and the circuit breaker. */
export class OutcomeHandler {
  /** Number of events that the sink accepted since the last `takeAccepted`. */
  private accepted = 0;
  private readonly outcomes = { accepted: 0, retrying: 0, failed: 0 };
  private lastProblem: { readonly error: unknown; readonly event: SinkEvent } | undefined;
  /** Consecutive postponements by event id in this term. A postponement uses no attempt, so `attempts` cannot count them. */
  private readonly postponements = new Map<string, number>();
  /** Entries that wait for a retry after a transport failure. The sink is reported as failing while there are any. */
  private readonly failing = new Set<Entry>();

  constructor(
    private readonly relay: Pick<RelayContext, 'sink' | 'clock' | 'random'>,
    private readonly watermark: Watermark,
    private readonly lanes: Lanes,
    private readonly deliveryIndex: DeliveryIndex,
    private readonly breaker: CircuitBreaker,
  ) {}

  /**
   * Handles the outcomes of one call. The call reached the sink unless every outcome is `transport`. A call that did not reach it,
   * such as one that hung, says nothing about the sink if another call has reached it since `startedAt`, in monotonic milliseconds.
   */
  handleCall(batch: readonly Entry[], outcomes: readonly Outcome[], startedAt: number): void {
    const callReached = outcomes.some(({ kind }) => kind !== 'transport');
    if (callReached) this.breaker.close();
    const reached = callReached || this.breaker.lastReachedAt > startedAt;
    batch.forEach((entry, index) => this.handleOutcome(entry, outcomes[index]!, reached));
    this.measure(batch, outcomes);
    if (!reached) this.breaker.open();
    else if (!this.failing.size) this.breaker.markRecovered();
  }

  /** Postpones an event whose type a newer worker registered and this worker does not handle. */
  waitForNewerWorker(entry: Entry): void {
    const { name } = this.relay.sink;
    const error = new PikaiaError(
      'PIKAIA_EVENT_TYPE_UNHANDLED',
      `A newer worker registered ${entry.event.eventType} for ${name}, and this worker does not handle it. Deploy the newer worker everywhere, or drop the type.`,
    );
    this.handleOutcome(entry, { kind: 'postponed', error, retryAfterMs: NEWER_WORKER_RETRY_MS }, true);
  }

  /** Fails a delivery whose payload is too large to read. */
  failTooLarge(delivery: Delivery): void {
    const error = payloadTooLarge();
    const failed = markFailed(delivery, delivery.attempts + 1, error);
    this.outcomes.failed++;
    this.deliveryIndex.record(failed, this.attemptOf(delivery, error));
    this.logRefusal(failed, error);
  }

  /** Handles one outcome: the lane continues, or the event becomes a delivery that blocks its aggregate. */
  private handleOutcome(entry: Entry, outcome: Outcome, reached: boolean): void {
    if (outcome.kind === 'accepted') {
      this.accepted++;
      this.outcomes.accepted++;
    }
    if (entry.replay) return this.handleReplayed(entry, entry.replay, outcome);
    if (outcome.kind !== 'accepted') this.lastProblem = { error: outcome.error, event: entry.event };
    if (outcome.kind !== 'transport') this.failing.delete(entry);
    if (outcome.kind === 'accepted') return this.handleAccepted(entry);
    const delivery = entry.delivery ?? newDelivery(entry.event);
    switch (outcome.kind) {
      case 'refused': {
        this.postponements.delete(delivery.eventId);
        const refused = markRefused(delivery, outcome, this.relay.clock.now(), this.relay.random);
        this.outcomes[refused.status === 'failed' ? 'failed' : 'retrying']++;
        this.deliveryIndex.record(refused, this.attemptOf(delivery, outcome.error));
        this.holdBack(entry);
        this.logRefusal(refused, outcome.error);
        return;
      }
      case 'postponed':
        this.postpone(entry, delivery, outcome.error, outcome.retryAfterMs);
        return;
      case 'transport':
        this.breaker.markFailing(textOf(outcome.error, entry.event));
        this.retryTransportFailure(entry, delivery, outcome.error, reached);
    }
  }

  /** Hot path: allocates nothing. */
  private handleAccepted(entry: Entry): void {
    this.postponements.delete(entry.event.eventId);
    if (entry.delivery) this.deliveryIndex.record(markPublished(entry.delivery));
    this.settle(entry);
    this.lanes.releaseNext(entry);
  }

  /**
   * Retries an entry after a transport failure. If no entry of the call passed, it is ready at once and the circuit breaker
   * delays it. If others passed, only this entry is delayed.
   */
  private retryTransportFailure(entry: Entry, delivery: Delivery, error: unknown, othersPassed: boolean): void {
    const { clock, random } = this.relay;
    const now = clock.monotonic();
    entry.failingSince ??= now;
    this.failing.add(entry);
    if (this.breaker.lastReachedAt > entry.failingSince && now - entry.failingSince > MAX_SOLE_FAILURE_MS) {
      this.failing.delete(entry);
      this.postpone(entry, delivery, error);
    } else if (othersPassed) {
      entry.transportFailures = (entry.transportFailures ?? 0) + 1;
      this.lanes.retryAt(entry, now + retryDelay(entry.transportFailures, random));
    } else {
      this.lanes.retryNow(entry);
    }
  }

  get counts(): OutcomeCounts {
    const { lastProblem } = this;
    return { ...this.outcomes, lastError: lastProblem ? textOf(lastProblem.error, lastProblem.event) : null };
  }

  takeAccepted(): number {
    const { accepted } = this;
    this.accepted = 0;
    return accepted;
  }

  /** Records the metrics of a call, unless the sink is an observer. A replayed event counts as published but not in the latency. */
  private measure(batch: readonly Entry[], outcomes: readonly Outcome[]): void {
    const { name: sink, observer } = this.relay.sink;
    if (observer) return;
    const now = this.relay.clock.now().getTime();
    const latencies: number[] = [];
    let published = 0;
    batch.forEach(({ recordedMs, replay }, index) => {
      if (outcomes[index]!.kind !== 'accepted') return;
      published++;
      if (!replay && recordedMs !== null) latencies.push(Math.max(now - recordedMs, 0));
    });
    if (!published) return;
    metric(eventMetrics.published, published, { sink });
    if (latencies.length) metric(eventMetrics.publishLatency, latencies, { sink });
  }

  /** A replayed event never blocks its lane, whatever its outcome. */
  private handleReplayed(entry: Entry, replay: ReplayedEntry, outcome: Outcome): void {
    this.lanes.releaseNext(entry);
    if (outcome.kind === 'transport') this.breaker.markFailing(textOf(outcome.error, entry.event));
    replay.handleOutcome(outcome);
  }

  private postpone(entry: Entry, delivery: Delivery, error: unknown, retryAfterMs?: number): void {
    const times = (this.postponements.get(delivery.eventId) ?? 0) + 1;
    this.postponements.set(delivery.eventId, times);
    const delay = retryAfterMs ?? retryDelay(times, this.relay.random);
    this.outcomes.retrying++;
    this.deliveryIndex.record(markPostponed(delivery, error, this.relay.clock.now(), delay));
    this.holdBack(entry);
    inContextOf(delivery, this.relay.sink, () =>
      logger.info('event_postponed', { sink: this.relay.sink.name, reason: textOf(error, delivery) }),
    );
  }

  /** Closes the lane of an entry that became a delivery. The later events of the aggregate become `waiting` deliveries. */
  private holdBack(entry: Entry): void {
    this.settle(entry);
    for (const behind of this.lanes.closeLane(entry)) {
      if (behind.replay) {
        behind.replay.requeue();
        continue;
      }
      this.deliveryIndex.record(markWaiting(behind.event));
      this.settle(behind);
    }
  }

  private settle({ batch, index }: Entry): void {
    if (batch) this.watermark.settle(batch, index);
  }

  private attemptOf(delivery: Delivery, error: unknown): Attempt {
    const { eventId } = delivery;
    return { eventId, at: this.relay.clock.now(), error: textOf(error, delivery), fingerprint: fingerprintOf(error, delivery) };
  }

  private logRefusal(delivery: Delivery, error: unknown): void {
    const { sink } = this.relay;
    const { attempts, nextAttemptAt, fingerprint } = delivery;
    const fields = { sink: sink.name, attempts, fingerprint };
    inContextOf(delivery, sink, () => {
      if (delivery.status === 'failed') logger.exception('event_failed', error, fields);
      else logger.warning('event_refused', { ...fields, next_attempt_at: nextAttemptAt, reason: textOf(error, delivery) });
    });
  }
}

/** Runs `work` in the context of the request that caused the event, so that log lines carry its trace id and its user. */
function inContextOf(delivery: Delivery, { consumer }: Sink, work: () => void): void {
  const { correlationId, organizationId, eventId, eventType, attempts, payload } = delivery;
  const actor = readActor(payload);
  context.run(
    {
      correlationId: correlationId ?? newId(),
      ...(organizationId === null ? {} : { organizationId }),
      event: {
        id: eventId,
        type: eventType,
        ...(consumer !== undefined && { consumer }),
        attempt: attempts,
        ...(actor && { actor }),
      },
    },
    () => {
      maskLogLines(personalMaskOf(payload));
      work();
    },
  );
}
