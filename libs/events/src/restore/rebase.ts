import { PikaiaError } from '@pikaia/core';
import { IsolatedClient } from '@pikaia/database';
import type pg from 'pg';
import { LOCK_CLASS, RESTORED_SINKS } from '../log/sink-lock.js';
import {
  ADVANCE_POSITION,
  APPEND_CURSORS,
  CLASSES,
  CLASSIFY,
  LIST_SNAPSHOTS,
  LOCK_LOG,
  LOCK_SINKS,
  MOVE_LOG,
  REWRITE_HISTORY,
  REWRITE_REPLAYS,
  REWRITE_SNAPSHOTS,
  SPEND_ID,
} from './rebase.sql.js';

const LOCK_NOT_AVAILABLE = '55P03';
const CONNECT_TIMEOUT_MS = 15_000; // a server may accept a connection and then say nothing

export interface Rebased {
  /** The sinks whose cursors came from another cluster; none: there was nothing to do. */
  readonly sinks: readonly string[];
  /** Events of the log that have new transaction ids. */
  readonly events: number;
}

/**
 * Makes the outbox of a restored dump usable: afterwards each sink has had exactly what it had had, and gets the rest, in
 * order. Api and worker are stopped meanwhile. It may be cut off anywhere, and run again.
 *
 * What a cursor means is: at or below its position, and of a transaction that its snapshot shows. Transactions that all
 * cursors see alike are one class; every class gets an id of this cluster in place of those of the old one, and each
 * snapshot is written anew with these. Every row is moved, also what had gone out: an old id that stayed would be sent
 * again when this cluster's counter reaches it.
 *
 * @param url of the owner, direct.
 * @throws PikaiaError `PIKAIA_OUTBOX_IN_USE` while a worker leads a sink, or somebody has the log in use.
 */
export async function rebaseOutbox(url: string): Promise<Rebased> {
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
    if (events) await client.query('vacuum (analyze) outbox.outbox_log'); // every row has a dead copy
    return { sinks, events };
  } finally {
    await client.end(); // takes back what was not committed
  }
}

async function lock(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; free: boolean }>(LOCK_SINKS, [LOCK_CLASS]);
  const led = rows.filter(({ free }) => !free).map(({ name }) => name);
  if (led.length) throw inUse(`a worker leads ${led.join(', ')}`);
  try {
    await client.query(LOCK_LOG);
  } catch (cause) {
    if ((cause as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw cause;
    throw inUse('a transaction has the log in use', cause);
  }
}

async function rebase(client: pg.Client, url: string): Promise<number> {
  await client.query(LIST_SNAPSHOTS);
  await client.query(CLASSIFY);
  const { rows } = await client.query<{ shown: string }>(CLASSES);
  const classes = rows.map(({ shown }) => shown);
  const ids = await spendIds(url, classes.length);
  const { rowCount } = await client.query(MOVE_LOG, [classes, ids]);
  await client.query(REWRITE_SNAPSHOTS, [classes, ids]);
  await client.query(APPEND_CURSORS);
  await client.query(REWRITE_HISTORY);
  await client.query(REWRITE_REPLAYS);
  await client.query(ADVANCE_POSITION);
  return rowCount!;
}

/** On a connection of its own: they have to be finished before the snapshots that speak of them. */
async function spendIds(url: string, count: number): Promise<string[]> {
  const client = new IsolatedClient({
    connectionString: url,
    application_name: 'pikaia-rebase',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await client.connect();
  try {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await client.query<{ id: string }>(SPEND_ID)).rows[0]!.id);
    return ids;
  } finally {
    await client.end();
  }
}

const inUse = (why: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_OUTBOX_IN_USE', `The outbox cannot be rebased while ${why}. Stop api and worker, then run it again.`, {
    cause,
  });
