import type { Socket } from 'node:net';
import type { Client } from 'pg';

const PATIENCE_MS = 2000;

/** Ends a connection, also one that swallows everything and would never be told that it has ended. Never fails. */
export async function endClient(client: Client): Promise<void> {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  const timer = setTimeout(() => stream.destroy(), PATIENCE_MS);
  await client.end().catch(() => undefined); // a connection that is broken has ended already
  clearTimeout(timer);
}
