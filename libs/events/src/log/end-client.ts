import type { Socket } from 'node:net';
import type { Client } from 'pg';

const END_TIMEOUT_MS = 2000;

/**
 * Options of a long-lived connection. The operating system probes an idle peer after ten seconds and then every second, so a machine
 * or network that disappears is noticed within half a minute, even during a long statement.
 */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;

/**
 * Ends a connection, even if the server never answers. The returned promise never rejects.
 *
 * A pending `connect()` is rejected. The `end()` method of pg leaves it pending forever.
 */
export async function endClient(client: Client): Promise<void> {
  const stream = streamOf(client);
  if ((client as unknown as { _connecting: boolean })._connecting) stream.destroy(new Error('The connection was ended.'));
  const timer = setTimeout(() => stream.destroy(), END_TIMEOUT_MS);
  await client.end().catch(() => undefined); // a broken connection has already ended
  clearTimeout(timer);
}

/**
 * Ends a connection without traffic for the given time and rejects its pending query. Detects a server that disappeared without
 * closing the connection. Use it only for a connection that always has traffic within that time.
 *
 * Replaces pg's `query_timeout`, whose timer for each query keeps the rows until the next full garbage collection. With that
 * option, a relay that reads at full speed is a quarter slower and needs twice the memory.
 */
export function endWhenSilent(client: Client, milliseconds: number): void {
  const stream = streamOf(client);
  stream.setTimeout(milliseconds, () => stream.destroy(new Error(`No data received for ${milliseconds} ms.`)));
}

const streamOf = (client: Client): Socket => (client as unknown as { connection: { stream: Socket } }).connection.stream; // pg's types lack it
