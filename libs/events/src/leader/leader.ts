import { PikaiaError } from '@pikaia/core';
import { IsolatedClient } from '@pikaia/database';
import type pg from 'pg';
import { LOCK_CLASS, TRY_LOCK_SINK } from '../log/sink-lock.js';
import { endClient, endWhenSilent } from '../log/end-client.js';

const PING = 'select pg_backend_pid() as backend';

export interface LeaderOptions {
  readonly url: string;
  readonly sink: string;
  /** Milliseconds without a word after which the server ends the session, and with it the lead. */
  readonly leaderTimeoutMs: number;
}

/**
 * The reading connection of a sink. While it holds the sink's advisory lock this worker leads; the lock ends with the
 * session, and the server ends the session of a process that is frozen or unreachable: a lease by the database's clock.
 */
export class Leader {
  readonly client: pg.Client;
  private backend = 0;
  private lost: Error | undefined;

  constructor(
    private readonly options: LeaderOptions,
    private readonly onLost: () => void,
  ) {
    this.client = new IsolatedClient(connectionConfig(options));
    // Without a listener an error on an idle connection would end the process; queries in flight are rejected anyway.
    this.client.on('error', (error) => this.markLost(error));
    this.client.on('end', () => this.markLost(new Error('The reading connection has ended.')));
  }

  /** @throws PikaiaError `PIKAIA_OUTBOX_POOLED` when a pooler answers: the number that it gives is no server process's. */
  async connect(): Promise<void> {
    await this.client.connect();
    endWhenSilent(this.client, 4 * this.options.leaderTimeoutMs); // the first read after an outage may take seconds
    this.backend = (this.client as unknown as { processID: number }).processID; // of the greeting; pg's types lack it
    await this.ping();
  }

  /** True when this connection leads from now on. */
  async tryLock(): Promise<boolean> {
    this.throwIfLost();
    const { rows } = await this.client.query<{ locked: boolean; backend: number }>({
      name: 'outbox-lock',
      text: TRY_LOCK_SINK,
      values: [LOCK_CLASS, this.options.sink],
    });
    this.verifyBackend(rows[0]!.backend);
    return rows[0]!.locked;
  }

  /** A word to the server, for a leader that has nothing to say. */
  async ping(): Promise<void> {
    const { rows } = await this.client.query<{ backend: number }>({ name: 'outbox-ping', text: PING });
    this.verifyBackend(rows[0]!.backend);
  }

  throwIfLost(): void {
    if (this.lost) throw this.lost;
  }

  /** @throws PikaiaError `PIKAIA_OUTBOX_POOLED` when another server process answers: the lock is somebody else's then. */
  verifyBackend(backend: number): void {
    if (this.backend === backend) return;
    throw new PikaiaError(
      'PIKAIA_OUTBOX_POOLED',
      `The reading connection of ${this.options.sink} was made to server process ${this.backend}, and ${backend} answers: a pooler stands between. Give the worker a direct connection in DATABASE_URL; publishers may keep the pooler.`,
    );
  }

  /** Gives the lead back. */
  async close(): Promise<void> {
    await endClient(this.client);
  }

  private markLost(error: Error): void {
    this.lost ??= error;
    this.onLost();
  }
}

function connectionConfig({ url, sink, leaderTimeoutMs }: LeaderOptions): pg.ClientConfig {
  const settings = {
    idle_session_timeout: leaderTimeoutMs,
    idle_in_transaction_session_timeout: leaderTimeoutMs,
    tcp_user_timeout: leaderTimeoutMs,
    tcp_keepalives_idle: Math.ceil(leaderTimeoutMs / 3000),
    tcp_keepalives_interval: Math.ceil(leaderTimeoutMs / 3000),
    tcp_keepalives_count: 3,
    // One generic plan, made once: at five million rows the default compiled for 600 ms on every read, and a plan made
    // while a slot was empty scanned it whole later.
    plan_cache_mode: 'force_generic_plan',
    jit: 'off',
    enable_seqscan: 'off',
    // What it writes says how far it came. A crash of the server that takes the last of it back lets events come again, as a
    // kill of this process does, so nothing waits for the disk.
    synchronous_commit: 'off',
  };
  return {
    connectionString: url,
    application_name: `pikaia-relay ${sink}`,
    connectionTimeoutMillis: leaderTimeoutMs,
    pipeline: true, // reading ahead does not wait for what is stored meanwhile, nor the other way round; answers keep their order
    keepAlive: true,
    keepAliveInitialDelayMillis: Math.ceil(leaderTimeoutMs / 3),
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  };
}
