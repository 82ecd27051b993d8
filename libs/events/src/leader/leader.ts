import { PikaiaError } from '@pikaia/core';
import { connectionTo, IsolatedClient, type DatabaseAddress } from '@pikaia/database';
import type pg from 'pg';
import { DatabaseClock } from '../log/database.clock.js';
import { LOCK_CLASS, TRY_LOCK_SINK } from '../log/sink-lock.js';
import type { LeaderTask } from '../delivery/leader.task.js';
import type { RelayContext } from '../delivery/relay.context.js';
import { connectOrName } from '../log/direct-connection.js';
import { endClient, endWhenSilent } from '../log/end-client.js';

const PING = `select pg_backend_pid() as backend, date_part('epoch', clock_timestamp()) * 1000 as database_ms`;

type LeaderContext = Pick<RelayContext, 'sink' | 'clock' | 'leaderTimeoutMs'>;

/**
 * The reading connection of a sink. This worker leads while the connection holds the sink's advisory lock. The lock ends with
 * the session. The server ends the session of a frozen or unreachable process, so the lock is a lease by the database's clock.
 */
export class Leader implements LeaderTask {
  readonly client: pg.Client;
  /** Set by each ping. */
  readonly databaseClock: DatabaseClock;
  private backend = 0;
  private lost: Error | undefined;
  private pingAt = -Infinity; // monotonic milliseconds

  constructor(
    url: DatabaseAddress,
    private readonly relay: LeaderContext,
    private readonly onLost: () => void,
  ) {
    this.databaseClock = new DatabaseClock(relay.clock);
    this.client = new IsolatedClient(connectionConfig(url, relay));
    // Without a listener, an error on an idle connection ends the process. Queries in flight are rejected in any case.
    this.client.on('error', (error) => this.markLost(error));
    this.client.on('end', () => this.markLost(new Error('The reading connection ended.')));
  }

  /** @throws PikaiaError `PIKAIA_OUTBOX_POOLED` if a pooler answers, whose process id differs from the server's. */
  async connect(): Promise<void> {
    await connectOrName(this.client);
    endWhenSilent(this.client, 4 * this.relay.leaderTimeoutMs); // the first read after an outage can take seconds
    this.backend = (this.client as unknown as { processID: number }).processID; // from the startup message
    await this.ping();
  }

  /** Tries to take the advisory lock. @returns true if this connection leads from now on. */
  async tryLock(): Promise<boolean> {
    if (this.lost) throw this.lost;
    const { rows } = await this.client.query<{ locked: boolean; backend: number }>({
      name: 'outbox-lock',
      text: TRY_LOCK_SINK,
      values: [LOCK_CLASS, this.relay.sink.name],
    });
    this.verifyBackend(rows[0]!.backend);
    return rows[0]!.locked;
  }

  get dueInMs(): number {
    return this.pingAt - this.relay.clock.monotonic();
  }

  /**
   * Pings the server often enough that `idle_session_timeout` never ends the session.
   *
   * @throws the error that ended the connection and so the leadership.
   */
  step(): void | Promise<void> {
    if (this.lost) throw this.lost;
    if (this.dueInMs <= 0) return this.ping();
  }

  async ping(): Promise<void> {
    const sentAt = this.relay.clock.monotonic();
    const { rows } = await this.client.query<{ backend: number; database_ms: number }>({ name: 'outbox-ping', text: PING });
    const { backend, database_ms } = rows[0]!;
    this.verifyBackend(backend);
    this.databaseClock.observe(database_ms, sentAt);
    this.pingAt = this.relay.clock.monotonic() + this.relay.leaderTimeoutMs / 3;
  }

  /** @throws PikaiaError `PIKAIA_OUTBOX_POOLED` if another server process answered, which does not hold the lock. */
  verifyBackend(backend: number): void {
    if (this.backend === backend) return;
    throw new PikaiaError(
      'PIKAIA_OUTBOX_POOLED',
      `The reading connection of ${this.relay.sink.name} was opened to server process ${this.backend}, but process ${backend} answered, so it goes through a pooler. Set DATABASE_URL of the worker to a direct connection. Publishers may keep the pooler.`,
    );
  }

  /** Closes the connection, which releases the lock. */
  async close(): Promise<void> {
    await endClient(this.client);
  }

  private markLost(error: Error): void {
    this.lost ??= error;
    this.onLost();
  }
}

function connectionConfig(url: DatabaseAddress, { sink, leaderTimeoutMs }: LeaderContext): pg.ClientConfig {
  const settings = {
    idle_session_timeout: leaderTimeoutMs,
    idle_in_transaction_session_timeout: leaderTimeoutMs,
    tcp_user_timeout: leaderTimeoutMs,
    tcp_keepalives_idle: Math.ceil(leaderTimeoutMs / 3000),
    tcp_keepalives_interval: Math.ceil(leaderTimeoutMs / 3000),
    tcp_keepalives_count: 3,
    // One generic plan, made once. With the defaults and 5 million rows, JIT compiled for 600 ms on every read. A plan that was
    // made while a slot was empty later scanned the whole slot.
    plan_cache_mode: 'force_generic_plan',
    jit: 'off',
    enable_seqscan: 'off',
    // The leader writes only progress. A server crash that loses the last writes redelivers events, as a crash of this process
    // does, so a commit does not wait for the disk.
    synchronous_commit: 'off',
  };
  return {
    ...connectionTo(url),
    application_name: `pikaia-relay ${sink.name}`,
    connectionTimeoutMillis: leaderTimeoutMs,
    pipeline: true, // reads and stores do not wait for each other; results keep their order
    keepAlive: true,
    keepAliveInitialDelayMillis: Math.ceil(leaderTimeoutMs / 3),
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  };
}
