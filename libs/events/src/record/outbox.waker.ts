import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { context, type Clock } from '@pikaia/core';
import { IsolatedClient } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { endClient } from '../log/end-client.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import { notifyOutbox } from './publish.sql.js';

const INTERVAL_MS = 5; // one notification at most in this time, however many commits
const RETRY_MS = 1_000; // after a failure; until then the relay finds new events by polling
const TIME_LIMIT_MS = 2_000; // for connecting and for one notification

const logger = getLogger('events');

/**
 * Tells the relay after a commit that there is something new: best effort, on a connection of its own. It neither delays
 * nor fails a request; when it fails, events leave a second later, by polling. An outage is logged once, as
 * `outbox_wake_failed`.
 */
@Injectable()
export class OutboxWaker implements OnApplicationShutdown {
  private client: pg.Client | undefined;
  private due = false;
  private running: Promise<void> | undefined;
  private failing = false;
  private retryAt = 0;
  private closed = false;
  private readonly clock: Clock;

  constructor(@Inject(EVENTS_OPTIONS) private readonly options: EventsOptions) {
    this.clock = options.clock;
  }

  /** Returns at once. Calls that arrive while one is under way are covered by the next. */
  wake(): void {
    if (this.closed || this.clock.monotonic() < this.retryAt) return;
    this.due = true;
    // Outside the request's context: the connection serves all requests.
    this.running ??= context.exit(() => this.run());
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    await this.running;
    if (this.client) await endClient(this.client);
  }

  private async run(): Promise<void> {
    while (this.due) {
      this.due = false;
      await this.notify();
      if (!this.closed) await delay(INTERVAL_MS);
    }
    this.running = undefined;
  }

  private async notify(): Promise<void> {
    try {
      this.client ??= await this.connect();
      await this.client.query(notifyOutbox, [OUTBOX_CHANNEL, '']);
      this.failing = false;
    } catch (error) {
      this.drop(error);
    }
  }

  private async connect(): Promise<pg.Client> {
    const client = new IsolatedClient({
      connectionString: this.options.databaseUrl,
      application_name: `${this.options.applicationName}-wake`,
      connectionTimeoutMillis: TIME_LIMIT_MS,
      query_timeout: TIME_LIMIT_MS,
      keepAlive: true,
    });
    client.on('error', (error) => this.client === client && this.drop(error));
    await client.connect();
    return client;
  }

  private drop(error: unknown): void {
    const { client } = this;
    this.client = undefined;
    this.retryAt = this.clock.monotonic() + RETRY_MS;
    client?.end().catch(() => undefined); // it is broken already; the error that says so is logged below
    if (this.failing) return;
    this.failing = true;
    logger.exception('outbox_wake_failed', error);
  }
}
