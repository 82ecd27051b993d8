import { PikaiaError } from '@pikaia/core';
import type { QueryResultRow } from 'pg';
import { IsolatedClient } from '../client/isolated.client.js';
import { reportedProcessId } from '../client/pooler.js';

/** Milliseconds. A test shortens them. */
export interface DoctorLimits {
  readonly connectMs: number;
  readonly statementMs: number;
  /** For waiting for a lock. A lock on a table must not hide what the other checks find. */
  readonly lockMs: number;
  /** For a whole check, and so for a server that does not respond. */
  readonly checkMs: number;
}

const END_TIMEOUT_MS = 500;

/** The connection of the doctor. Nothing waits longer than the limits. */
export class Session {
  /** False once the server has not responded in time, or has closed the connection. */
  isUsable = true;
  private readonly client: IsolatedClient;

  constructor(
    url: string,
    private readonly limits: DoctorLimits,
  ) {
    this.client = new IsolatedClient({
      connectionString: url,
      application_name: 'pikaia-doctor',
      connectionTimeoutMillis: limits.connectMs,
    });
    this.client.on('error', () => (this.isUsable = false)); // the statement in flight is rejected with it
    this.client.on('end', () => (this.isUsable = false));
  }

  /** Database, address and role, without the password. */
  get description(): { database: string; address: string; role: string } {
    const { database, host, port, user } = this.client;
    return { database: database ?? '', address: host.startsWith('/') ? host : `${host}:${port}`, role: user ?? '' };
  }

  /** The process id of the server that the peer reported when the connection was opened. */
  get reportedProcessId(): number {
    return reportedProcessId(this.client);
  }

  async connect(): Promise<void> {
    await this.client.connect();
  }

  /**
   * Sends a statement and returns its rows.
   *
   * @throws PikaiaError `PIKAIA_DATABASE_UNRESPONSIVE` if the server does not respond within the limit of a check.
   */
  async query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    const answer = this.client.query<Row>(sql, values as unknown[]);
    const { rows } = await within(this.limits.checkMs, answer, () => {
      return this.abandon(
        new PikaiaError('PIKAIA_DATABASE_UNRESPONSIVE', `The server did not respond within ${this.limits.checkMs} ms.`),
      );
    });
    return rows;
  }

  /** Runs `work` in a read-only transaction, whose settings end with it, also behind a pooler. */
  async reading<T>(work: () => Promise<T>): Promise<T> {
    const { statementMs, lockMs } = this.limits;
    await this.query(
      `begin transaction read only; set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs}`,
    );
    try {
      return await work();
    } finally {
      if (this.isUsable) await this.query('rollback').catch((error: Error) => this.abandon(error));
    }
  }

  /** No statement is sent any more: one may still be running, or the transaction may still be open. Returns the error. */
  abandon(error: Error): Error {
    this.isUsable = false;
    return error;
  }

  async end(): Promise<void> {
    const { stream } = (this.client as unknown as { connection: { stream: { destroy(): void } } }).connection; // pg's types lack it
    if (this.isUsable) await within(END_TIMEOUT_MS, this.client.end(), () => new Error('end')).catch(() => undefined);
    stream.destroy(); // also if the server does not respond
  }
}

/** Resolves as `work` does. @throws the error of `expired` if `work` has not settled after the time. */
export async function within<T>(milliseconds: number, work: Promise<T>, expired: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(expired()), milliseconds);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
