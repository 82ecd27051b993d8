import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { context } from '@pikaia/core';
import { getLogger, metric } from '@pikaia/logging';
import { DataSource } from 'typeorm';
import { webhookMetrics } from './webhook.metrics.js';

const logger = getLogger('webhooks');
const INTERVAL_MS = 30_000; // half of the period of the metric

/**
 * Returns the seconds since the newest event of a source, if the source has at least $2 receipts. With fewer, a long silence is normal.
 * $1 source.
 *
 * Index: processed_webhook_age. Locks: none. Cost: $2 rows.
 */
const SILENCE = `
select extract(epoch from clock_timestamp() - max(processed_at))::float8 as seconds
from (select processed_at from processed_webhook where source = $1 order by processed_at desc limit $2) newest
having count(*) = $2`;

/** Receipts are kept for 35 days, so a provider with this many sends about three events a day. */
const MIN_RECEIPTS = 100;

/** Measures how long each provider has been silent. Every api process reports the same value, which comes from the database. */
@Injectable()
export class WebhookMonitor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sources = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(@InjectDataSource() private readonly source: DataSource) {}

  /** Measures a source from the start of the application on. */
  watch(source: string): void {
    this.sources.add(source);
  }

  onApplicationBootstrap(): void {
    const measure = () => (this.running = context.run({}, () => this.measureAll()));
    void measure();
    this.timer = setInterval(() => void measure(), INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async measureAll(): Promise<void> {
    for (const source of this.sources) {
      try {
        const [row] = await this.source.query<{ seconds: number }[]>(SILENCE, [source, MIN_RECEIPTS]);
        if (row) metric(webhookMetrics.silence, Math.max(0, row.seconds), { source });
      } catch (error) {
        logger.exception('webhook_silence_unknown', error, { 'webhook.source': source });
      }
    }
  }
}
