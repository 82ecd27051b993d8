import { AsyncLocalStorage } from 'node:async_hooks';
import { getLogger, LogField, queryUsage, type QueryUsage } from '@pikaia/logging';
import type { ClientBase, Pool } from 'pg';
import { statementShape } from './statement-shape.js';

type Send = (...args: unknown[]) => unknown;
type Callback = (...args: unknown[]) => unknown;

const logger = getLogger('database');

/**
 * Counts each statement of a connection, with its time, for the request, event or command in whose context it is sent, and
 * logs those that run longer than `slowMs` as `database_query_slow`. BEGIN and COMMIT are statements; waiting for a
 * connection is none. A cursor or stream counts once, without its time.
 */
export function measureQueries(client: ClientBase, slowMs: number): void {
  const send = client.query.bind(client) as Send;
  let freeAt = 0; // when the connection answered last: until then a statement only waits for its turn
  const finish = (usage: QueryUsage | undefined, start: number, query: unknown): void => {
    const end = performance.now();
    usage?.end(end);
    const took = end - Math.max(start, freeAt);
    freeAt = end;
    if (took > slowMs) logSlow(query, took);
  };
  client.query = ((...args: unknown[]) => {
    const usage = queryUsage();
    const start = performance.now();
    const [query] = args;
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      args[args.length - 1] = inThisContext((...answer) => {
        finish(usage, start, query);
        return (callback as Callback)(...answer);
      });
    }
    const answer = send(...args);
    usage?.begin(start);
    if (answer instanceof Promise) {
      // Not beside it: then a rejection that nobody handles would go unnoticed.
      return answer.then(
        (result: unknown) => {
          finish(usage, start, query);
          return result;
        },
        (error: unknown) => {
          finish(usage, start, query);
          throw error;
        },
      );
    }
    if (typeof callback !== 'function') usage?.end(performance.now());
    return answer;
  }) as ClientBase['query'];
}

/**
 * Lets the callbacks of a pool run in the context of whoever called. By itself one that has to wait for a connection runs in
 * that of whoever gave it back.
 */
export function keepContext(pool: Pool): void {
  const connect = pool.connect.bind(pool) as Send;
  pool.connect = ((callback?: Callback) => (callback ? connect(inThisContext(callback)) : connect())) as Pool['connect'];
}

const inThisContext = (callback: Callback): Callback => AsyncLocalStorage.bind(callback);

function logSlow(query: unknown, milliseconds: number): void {
  const sql = typeof query === 'string' ? query : (query as { text?: unknown } | null)?.text;
  const { text, operation } = statementShape(typeof sql === 'string' ? sql : '');
  logger.warning('database_query_slow', {
    [LogField.duration]: Math.round(milliseconds * 1e6),
    [LogField.operation]: operation,
    [LogField.statement]: text,
  });
}
