import { PikaiaError } from '@pikaia/core';
import type { Socket } from 'node:net';
import type { ClientBase } from 'pg';

// An answer may still arrive for so long after the limit: this process may have been paused, and not the server.
const LAST_CHANCE_MS = 1_000;

// pg's types lack both.
type Connection = ClientBase & { readonly connection: { readonly stream: Socket }; readonly readyForQuery?: boolean | null };

/**
 * Closes a connection whose server leaves a statement without a sign of life for `limitMs`. The statement, and those that
 * wait behind it, fail with `PIKAIA_DATABASE_UNRESPONSIVE`; the pool removes the connection. An idle connection stays open.
 *
 * The server enforces `statement_timeout` itself, so this limit only matters where the server is frozen or unreachable and
 * no error comes. It uses the socket's idle timer, which adds no work to a statement. pg's `query_timeout` makes a timer for
 * each, whose closure keeps the rows alive.
 *
 * @returns a function that changes the limit.
 */
export function limitSilence(client: ClientBase, limitMs: number): (limitMs: number) => void {
  const { stream } = (client as Connection).connection;
  let currentMs = limitMs;
  const set = (milliseconds: number): void => {
    currentMs = milliseconds;
    stream.setTimeout(Math.max(milliseconds - LAST_CHANCE_MS, 1));
  };
  set(limitMs);
  stream.on('timeout', () => {
    if ((client as Connection).readyForQuery) return; // idle: the next statement starts the timer again
    const end = setTimeout(() => stream.destroy(unresponsive(currentMs)), LAST_CHANCE_MS);
    end.unref();
    stream.once('data', () => clearTimeout(end));
  });
  return set;
}

const unresponsive = (limitMs: number): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_UNRESPONSIVE',
    `The database server sent nothing for ${limitMs} ms while a statement waited, so the connection was closed. Try the whole transaction again.`,
  );
