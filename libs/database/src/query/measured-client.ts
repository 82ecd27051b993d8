import { AsyncLocalStorage } from 'node:async_hooks';
import { currentQueryStats, getLogger, LogField, type QueryStats } from '@pikaia/logging';
import type { ClientBase, Pool } from 'pg';
import { statementShape } from './statement-shape.js';

type Send = (...args: unknown[]) => unknown;
type Callback = (...args: unknown[]) => unknown;

const logger = getLogger('database');

/**
 * Counts and times the statements of a connection for the request, event or command in whose context they are sent. It logs a
 * statement that runs longer than `slowMs` as `database_query_slow`. BEGIN and COMMIT count as statements. The wait for a
 * connection does not count. A cursor or stream counts once, without its duration.
 */
export function measureQueries(client: ClientBase, slowMs: number): void {
  const send = client.query.bind(client) as Send;
  let lastAnswerAt = 0; // the last response of the connection; before it, the next statement was only queued
  const finish = (stats: QueryStats | undefined, start: number, query: unknown): void => {
    const end = performance.now();
    stats?.end(end);
    const durationMs = end - Math.max(start, lastAnswerAt);
    lastAnswerAt = end;
    if (durationMs > slowMs) logSlow(query, durationMs);
  };
  client.query = ((...args: unknown[]) => {
    const stats = currentQueryStats();
    const start = performance.now();
    const [query] = args;
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      args[args.length - 1] = bindToContext((...answer) => {
        finish(stats, start, query);
        return (callback as Callback)(...answer);
      });
    }
    const answer = send(...args);
    stats?.begin(start);
    if (answer instanceof Promise) {
      // Return the derived promise: a separate handler would hide an unhandled rejection.
      return answer.then(
        (result: unknown) => {
          finish(stats, start, query);
          return result;
        },
        (error: unknown) => {
          finish(stats, start, query);
          throw error;
        },
      );
    }
    if (typeof callback !== 'function') stats?.end(performance.now());
    return answer;
  }) as ClientBase['query'];
}

/**
 * Makes the callbacks of a pool run in the context of their caller. Without it, a callback that waits for a connection runs in
 * the context of the code that releases the connection.
 */
export function keepCallerContext(pool: Pool): void {
  const connect = pool.connect.bind(pool) as Send;
  pool.connect = ((callback?: Callback) => (callback ? connect(bindToContext(callback)) : connect())) as Pool['connect'];
}

const bindToContext = (callback: Callback): Callback => AsyncLocalStorage.bind(callback);

function logSlow(query: unknown, milliseconds: number): void {
  const sql = typeof query === 'string' ? query : (query as { text?: unknown } | null)?.text;
  const { text, operation } = statementShape(typeof sql === 'string' ? sql : '');
  logger.warning('database_query_slow', {
    [LogField.duration]: Math.round(milliseconds * 1e6),
    [LogField.operation]: operation,
    [LogField.statement]: text,
  });
}
