import { PikaiaError } from '@pikaia/core';
import type { Socket } from 'node:net';
import type { ClientBase } from 'pg';

// A separate timer measures the last part of the timeout. If this process was paused and the server was not, the response is
// already in the socket buffer and arrives before this timer ends.
const FINAL_GRACE_MS = 1_000;

// The types of pg lack both properties.
type Connection = ClientBase & { readonly connection: { readonly stream: Socket }; readonly readyForQuery?: boolean | null };

/**
 * Closes a connection when the server sends nothing for `timeoutMs` while a statement is running. The statement and all queued
 * statements fail with `PIKAIA_DATABASE_UNRESPONSIVE`, and the pool removes the connection. An idle connection stays open.
 *
 * The server enforces `statement_timeout` itself. This timeout only matters if the server is frozen or unreachable and no
 * error arrives. It uses the idle timer of the socket, which adds no work to a statement. `query_timeout` of pg creates a timer
 * for each statement, and the timer's closure keeps the rows in memory.
 *
 * @returns a function that changes the timeout.
 */
export function closeWhenUnresponsive(client: ClientBase, timeoutMs: number): (timeoutMs: number) => void {
  const { stream } = (client as Connection).connection;
  let currentTimeoutMs = timeoutMs;
  const set = (milliseconds: number): void => {
    currentTimeoutMs = milliseconds;
    stream.setTimeout(Math.max(milliseconds - FINAL_GRACE_MS, 1));
  };
  set(timeoutMs);
  stream.on('timeout', () => {
    if ((client as Connection).readyForQuery) return; // idle: the next statement restarts the timer
    const end = setTimeout(() => stream.destroy(unresponsiveError(currentTimeoutMs)), FINAL_GRACE_MS);
    end.unref();
    stream.once('data', () => clearTimeout(end));
  });
  return set;
}

const unresponsiveError = (timeoutMs: number): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_UNRESPONSIVE',
    `The database server sent nothing for ${timeoutMs} ms while a statement waited, so the connection was closed. Repeat the whole transaction.`,
  );
