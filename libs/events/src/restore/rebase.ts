import { PikaiaError } from '@pikaia/core';
import { IsolatedClient } from '@pikaia/database';
import type pg from 'pg';
import { LOCK_CLASS, RESTORED_SINKS } from '../log/sink-lock.js';
import {
  ADVANCE_POSITION,
  APPEND_CURSORS,
  LIST_CLASSES,
  CLASSIFY_TRANSACTIONS,
  LIST_SNAPSHOTS,
  LOCK_LOG,
  LOCK_SINKS,
  MOVE_LOG,
  REWRITE_HISTORY,
  REWRITE_REPLAYS,
  REWRITE_SNAPSHOTS,
  REWRITE_TYPES,
  ALLOCATE_ID,
} from './rebase.sql.js';

const LOCK_NOT_AVAILABLE = '55P03';
const CONNECT_TIMEOUT_MS = 15_000; // a server can accept a connection and then not respond

/** The result of `rebaseOutbox`. */
export interface RebaseResult {
  /** The sinks whose cursors came from another cluster. Empty if there was nothing to do. */
  readonly sinks: readonly string[];
  /** The number of events in the log that have new transaction ids. */
  readonly events: number;
}

/**
 * Makes the outbox of a restored dump usable. Afterwards each cursor covers the same events as before, and each sink receives the
 * remaining events in order. Stop the api and the worker first. The rebase can be interrupted at any point and run again.
 *
 * A cursor covers an event at or below its position whose transaction is visible in its snapshot. Transactions that are visible
 * in the same snapshots form a class. Each class gets one transaction id of this cluster, and each snapshot is rewritten with the
 * new ids. All rows get new ids, including delivered events: an event with an old id would be sent again when this cluster's
 * counter reaches that id.
 *
 * @param url a direct connection as the owner.
 * @throws PikaiaError `PIKAIA_OUTBOX_IN_USE` while a worker leads a sink or a transaction uses the log.
 */
export async function rebaseOutbox(url: string): Promise<RebaseResult> {
  const client = new IsolatedClient({
    connectionString: url,
    application_name: 'pikaia-rebase',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await client.connect();
  try {
    await client.query('begin isolation level read committed');
    await lock(client);
    const { rows } = await client.query<{ name: string }>(RESTORED_SINKS);
    const sinks = rows.map(({ name }) => name);
    const events = sinks.length ? await rebase(client, url) : 0;
    await client.query('commit');
    if (events) await client.query('vacuum (analyze) outbox.outbox_log'); // the update left a dead version of every row
    return { sinks, events };
  } finally {
    await client.end(); // rolls back an open transaction
  }
}

async function lock(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; free: boolean }>(LOCK_SINKS, [LOCK_CLASS]);
  const led = rows.filter(({ free }) => !free).map(({ name }) => name);
  if (led.length) throw outboxInUse(`a worker leads ${led.join(', ')}`);
  try {
    await client.query(LOCK_LOG);
  } catch (cause) {
    if ((cause as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw cause;
    throw outboxInUse('a transaction is using the log', cause);
  }
}

async function rebase(client: pg.Client, url: string): Promise<number> {
  await client.query(LIST_SNAPSHOTS);
  await client.query(CLASSIFY_TRANSACTIONS);
  const { rows } = await client.query<{ shown: string }>(LIST_CLASSES);
  const classes = rows.map(({ shown }) => shown);
  const ids = await allocateIds(url, classes.length);
  const { rowCount } = await client.query(MOVE_LOG, [classes, ids]);
  await client.query(REWRITE_SNAPSHOTS, [classes, ids]);
  await client.query(APPEND_CURSORS);
  await client.query(REWRITE_HISTORY);
  await client.query(REWRITE_REPLAYS);
  await client.query(REWRITE_TYPES);
  await client.query(ADVANCE_POSITION);
  return rowCount!;
}

/**
 * Allocates transaction ids on a separate connection, so that they are committed before the snapshots that use them are taken.
 */
async function allocateIds(url: string, count: number): Promise<string[]> {
  const client = new IsolatedClient({
    connectionString: url,
    application_name: 'pikaia-rebase',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await client.connect();
  try {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await client.query<{ id: string }>(ALLOCATE_ID)).rows[0]!.id);
    return ids;
  } finally {
    await client.end();
  }
}

const outboxInUse = (why: string, cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_OUTBOX_IN_USE',
    `The outbox cannot be rebased while ${why}. Stop the api and the worker, then run the rebase again.`,
    {
      cause,
    },
  );
