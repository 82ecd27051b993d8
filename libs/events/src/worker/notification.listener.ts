import { IsolatedClient } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type pg from 'pg';
import { endClient } from '../log/end-client.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import { retryDelay } from '../loop/backoff.js';
import { WakeSignal } from '../loop/wake-signal.js';

const logger = getLogger('outbox');
const IDLE_CHECK_MS = 60_000;

/**
 * Listens for notifications on its own connection. A lost notification delays an event by at most one poll interval, so
 * failures are logged and nothing else happens.
 */
export class NotificationListener {
  private readonly wakeSignal = new WakeSignal();
  /** Woken only by `stop`. The end of a connection wakes `wakeSignal`. */
  private readonly backoffSignal = new WakeSignal();
  private stopping = false;
  private client: pg.Client | undefined;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly onNotification: (message?: string) => void,
    private readonly random: () => number = Math.random,
    /** Milliseconds without a notification after which a query tests the connection. Also the query timeout. */
    private readonly idleCheckMs = IDLE_CHECK_MS,
  ) {}

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wakeSignal.wake();
    this.backoffSignal.wake();
    if (this.client) await endClient(this.client); // a query may wait for a server that does not answer
    await this.loop;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        await this.listen(() => (failures = 0));
      } catch (error) {
        if (this.stopping) return;
        if (!failures++) logger.warning('wake_up_lost', { reason: String(error) });
        await this.backoffSignal.wait(retryDelay(Math.min(failures, 4), this.random));
      }
    }
  }

  private async listen(onListening: () => void): Promise<void> {
    const client = new IsolatedClient({
      connectionString: this.url,
      application_name: 'pikaia-wake-up',
      keepAlive: true,
      connectionTimeoutMillis: this.idleCheckMs,
      query_timeout: this.idleCheckMs,
    });
    this.client = client;
    let lost: unknown;
    client.on('error', (error) => {
      lost = error;
      this.wakeSignal.wake();
    });
    client.on('end', () => {
      lost ??= new Error('The listening connection ended.');
      this.wakeSignal.wake();
    });
    client.on('notification', ({ payload }) => this.onNotification(payload));
    try {
      await client.connect();
      await client.query(`listen ${OUTBOX_CHANNEL}`);
      onListening();
      this.onNotification(); // a notification may have been missed
      while (!this.stopping && !lost) {
        await this.wakeSignal.wait(this.idleCheckMs);
        if (!this.stopping && !lost) await client.query('select 1'); // an open connection may be dead
      }
      if (lost) throw lost;
    } finally {
      await endClient(client);
    }
  }
}
