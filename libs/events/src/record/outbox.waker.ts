import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { context, type Clock } from '@pikaia/core';
import { connectionTo, IsolatedClient } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { endClient, KEEP_ALIVE } from '../log/end-client.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { notifyOutbox } from './publish.sql.js';

const INTERVAL_MS = 5; // at most one notification in this time, for any number of commits
const RETRY_DELAY_MS = 1_000; // after a failure; meanwhile the relay finds new events by polling
const TIMEOUT_MS = 2_000; // of the connection attempt, and of one notification

const logger = getLogger('events');

/**
 * Notifies the relay after a commit that the log has new events. Works on its own connection, and never delays or fails a
 * request. Best effort: if a notification fails, the relay finds the events by polling, up to a second later. Logs an outage
 * once, as `outbox_wake_failed`, and its end as `outbox_wake_restored`.
 */
@Injectable()
export class OutboxWaker implements OnApplicationShutdown {
  private client: pg.Client | undefined;
  private requested = false;
  private running: Promise<void> | undefined;
  private failing = false;
  private retryAt = 0;
  private notifiedAt = -Infinity;
  private closed = false;
  private readonly clock: Clock;

  constructor(@Inject(EVENTS_OPTIONS) private readonly options: EventsOptions) {
    this.clock = options.clock;
  }

  /** Requests a notification and returns at once. Calls during a running notification share the next one. */
  wake(): void {
    if (this.closed || this.clock.monotonic() < this.retryAt) return;
    this.requested = true;
    // Outside the request's context: the connection serves all requests.
    this.running ??= context.exit(() => this.run());
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    await this.running;
    if (this.client) await endClient(this.client);
  }

  private async run(): Promise<void> {
    while (this.requested) {
      const waitMs = this.notifiedAt + INTERVAL_MS - this.clock.monotonic();
      if (waitMs > 0 && !this.closed) await delay(waitMs);
      this.requested = false;
      this.notifiedAt = this.clock.monotonic();
      await this.notify();
    }
    this.running = undefined;
  }

  private async notify(): Promise<void> {
    try {
      this.client ??= await this.connect();
      await this.client.query(notifyOutbox);
      if (this.failing) logger.info('outbox_wake_restored');
      this.failing = false;
    } catch (error) {
      this.drop(error);
    }
  }

  private async connect(): Promise<pg.Client> {
    const client = new IsolatedClient({
      ...connectionTo(this.options.databaseUrl),
      application_name: `${this.options.applicationName}-wake`,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      ...KEEP_ALIVE,
    });
    client.on('error', (error) => this.client === client && this.drop(error));
    await client.connect();
    return client;
  }

  private drop(error: unknown): void {
    const { client } = this;
    this.client = undefined;
    this.retryAt = this.clock.monotonic() + RETRY_DELAY_MS;
    client?.end().catch(() => undefined); // the connection is already broken; the cause is logged below
    if (this.failing) return;
    this.failing = true;
    logger.exception('outbox_wake_failed', error);
  }
}
