import { PikaiaError } from '@pikaia/core';
import { localSinkOf } from '../../consume/consumer.definition.js';
import type { ConsumerRunner } from '../../consume/consumer.runner.js';
import { asPostponement } from '../../consume/postpone.error.js';
import {
  accepted,
  NEWER_WORKER_RETRY_MS,
  type Outcome,
  type Sink,
  type SinkEvent,
  type SinkLimits,
} from '../../delivery/sink.js';

/** Delivers to one consumer in this process. Each consumer is a separate sink with its own receipts, retries and order. */
export class LocalSink implements Sink {
  readonly name: string;
  readonly consumer: string;
  readonly from: 'beginning' | 'now';
  readonly ordering = 'aggregate';
  readonly types: readonly string[];
  readonly limits: SinkLimits;

  constructor(private readonly runner: ConsumerRunner) {
    const { name, from, types, concurrency } = runner.consumer;
    this.name = localSinkOf(name);
    this.consumer = name;
    this.from = from;
    this.types = types;
    this.limits = { maxBatchEvents: 1, maxBatchBytes: Infinity, maxConcurrency: concurrency };
  }

  deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    return Promise.all(batch.map((event) => this.deliverOne(event)));
  }

  private async deliverOne(event: SinkEvent): Promise<Outcome> {
    try {
      return (await this.runner.run(event)) === 'skipped' ? { kind: 'accepted', skipped: true } : accepted;
    } catch (error) {
      const postponement = asPostponement(error);
      if (postponement) return postponed(error, postponement.retryAfterMs);
      const code = error instanceof PikaiaError ? error.code : undefined;
      if (code === 'PIKAIA_EVENT_VERSION_UNKNOWN') return postponed(error, NEWER_WORKER_RETRY_MS);
      const maxAttempts = this.runner.consumer.routeOf(event.eventType, event.schemaVersion)?.handler.maxAttempts;
      return {
        kind: 'refused',
        error,
        permanent: code === 'PIKAIA_EVENT_UNREADABLE',
        ...(maxAttempts === undefined ? {} : { maxAttempts }),
      };
    }
  }
}

const postponed = (error: unknown, retryAfterMs: number | undefined): Outcome => ({
  kind: 'postponed',
  error,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
