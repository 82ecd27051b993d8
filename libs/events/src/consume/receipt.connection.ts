import { connectionTo, IsolatedClient, outsideTransaction, type DatabaseAddress } from '@pikaia/database';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { endClient } from '../log/end-client.js';

export interface ReceiptConnection {
  query<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 2_000; // shorter than the time for which an expired claim is left to its owner

/**
 * A connection outside the pool, opened when it is needed. Handlers can take every connection of the pool for longer than a
 * claim lasts, and the claims must be renewed meanwhile. An error closes the connection; the next query opens another.
 */
export class OwnReceiptConnection implements ReceiptConnection {
  private client: Promise<pg.Client> | undefined;

  constructor(private readonly url: DatabaseAddress) {}

  async query<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const opening = (this.client ??= this.open());
    try {
      return (await (await opening).query<Row>(sql, [...values])).rows;
    } catch (error) {
      if (this.client === opening) await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    const opened = await client?.catch(() => undefined);
    if (opened) await endClient(opened);
  }

  private async open(): Promise<pg.Client> {
    const client = new IsolatedClient({
      ...connectionTo(this.url),
      application_name: 'pikaia-receipts',
      keepAlive: true,
      connectionTimeoutMillis: TIMEOUT_MS,
      statement_timeout: TIMEOUT_MS,
      query_timeout: 2 * TIMEOUT_MS, // the server is silent
    });
    client.on('error', () => undefined); // the next query fails and opens another connection
    try {
      await client.connect();
      return client;
    } catch (error) {
      await endClient(client);
      throw error;
    }
  }
}

/** The pool of the application. Statements run outside the caller's transaction, so that a rollback does not undo them. */
export class PooledReceiptConnection implements ReceiptConnection {
  constructor(private readonly source: DataSource) {}

  query<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    return outsideTransaction(() => this.source.query<Row[]>(sql, [...values]));
  }

  async close(): Promise<void> {}
}
