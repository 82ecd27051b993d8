import { connectionTo, IsolatedClient, type DatabaseAddress } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type pg from 'pg';
import { textOf } from '../delivery/error-fingerprint.js';
import { endClient, KEEP_ALIVE } from '../log/end-client.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import { retryDelay } from '../loop/backoff.js';
import { BackgroundLoop } from '../loop/background.loop.js';

const logger = getLogger('outbox');
const IDLE_CHECK_MS = 10_000; // a dead connection is detected within twice this time

/**
 * Listens for notifications on its own connection. A lost notification delays an event by at most one poll interval, so
 * failures are logged and nothing else happens.
 */
export class NotificationListener {
  private readonly loop = new BackgroundLoop({
    run: () => this.listen(),
    onError: (error, failures) => {
      if (failures === 1) logger.warning('wake_up_lost', { reason: textOf(error) });
      return retryDelay(Math.min(failures, 4), this.random);
    },
  });
  private client: pg.Client | undefined;

  constructor(
    private readonly url: DatabaseAddress,
    private readonly onNotification: (message?: string) => void,
    private readonly random: () => number = Math.random,
    /** Milliseconds without a notification after which a query tests the connection. Also the query timeout. */
    private readonly idleCheckMs = IDLE_CHECK_MS,
  ) {}

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    const stopped = this.loop.stop();
    if (this.client) await endClient(this.client); // a query may wait for a server that does not answer
    await stopped;
  }

  private async listen(): Promise<null> {
    const client = new IsolatedClient({
      ...connectionTo(this.url),
      application_name: 'pikaia-wake-up',
      ...KEEP_ALIVE,
      connectionTimeoutMillis: this.idleCheckMs,
      query_timeout: this.idleCheckMs,
    });
    this.client = client;
    let lost: unknown;
    client.on('error', (error) => {
      lost = error;
      this.loop.wake();
    });
    client.on('end', () => {
      lost ??= new Error('The listening connection ended.');
      this.loop.wake();
    });
    client.on('notification', ({ payload }) => this.onNotification(payload));
    try {
      await client.connect();
      await client.query(`listen ${OUTBOX_CHANNEL}`);
      if (this.loop.hasFailed) logger.info('wake_up_restored');
      this.loop.resetFailures();
      this.onNotification(); // a notification may have been missed
      while (!this.loop.isStopping && !lost) {
        await this.loop.wait(this.idleCheckMs);
        if (!this.loop.isStopping && !lost) await client.query('select 1'); // an open connection may be dead
      }
      if (lost) throw lost;
      return null;
    } finally {
      await endClient(client);
    }
  }
}
