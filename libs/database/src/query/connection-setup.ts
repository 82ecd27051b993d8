import { PikaiaError } from '@pikaia/core';
import type { ClientBase, Pool, PoolClient } from 'pg';
import { measureQueries } from './measured-client.js';
import { prepareStatements } from './prepared-statements.js';
import { sendInTurn } from './send-in-turn.js';
import { limitSession, logDifferenceOnce } from './session-limits.js';
import { closeWhenUnresponsive } from './unresponsive-connection.js';

export interface ConnectionOptions {
  readonly statementTimeoutMs: number;
  readonly slowQueryMs: number;
  readonly answerGraceMs: number;
}

/** Sets up a new connection. A pool must not hand out the connection before the promise resolves. */
export type ConnectionSetup = (client: ClientBase) => Promise<void>;

/** A request that gets no connection within this time receives status 503. */
export const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Ignores an error on an idle connection. The pool removes its error listener before TypeORM adds one. Without this listener,
 * a session that is terminated between the two would end the process. The next statement on the connection fails with the reason.
 */
const ignoreIdleError = (): void => undefined;

/** Limits the session of a connection, sends its statements in turn, prepares the declared ones, and measures all. */
export function connectionSetup({ statementTimeoutMs, slowQueryMs, answerGraceMs }: ConnectionOptions): ConnectionSetup {
  const limits = { statementTimeoutMs, idleInTransactionTimeoutMs: 2 * statementTimeoutMs };
  const reportDifference = logDifferenceOnce(limits);
  return async (client) => {
    client.on('error', ignoreIdleError);
    if (!('connection' in client)) throw driverUnsupported();
    const setResponseTimeout = closeWhenUnresponsive(client, CONNECT_TIMEOUT_MS);
    sendInTurn(client);
    if (await limitSession(client, limits, reportDifference)) prepareStatements(client);
    setResponseTimeout(statementTimeoutMs + answerGraceMs);
    measureQueries(client, slowQueryMs);
  };
}

type ConnectCallback = (error: Error | undefined, client?: PoolClient, release?: (error?: unknown) => void) => void;

/**
 * Makes a pool that another module created set up each connection before it hands the connection out, also those that are open
 * already. A connection that is in use is set up when it is taken the next time. Call it once for each pool.
 */
export function setUpConnectionsOf(pool: Pool, setUp: ConnectionSetup): void {
  const connect = pool.connect.bind(pool) as (callback?: ConnectCallback) => Promise<PoolClient>;
  const isSetUp = new WeakSet<PoolClient>();
  const prepare = async (client: PoolClient): Promise<void> => {
    try {
      await setUp(client);
      isSetUp.add(client);
    } catch (error) {
      client.release(error as Error); // the pool closes the connection
      throw error;
    }
  };
  pool.connect = ((callback?: ConnectCallback) => {
    if (!callback) {
      return connect().then(async (client) => {
        if (!isSetUp.has(client)) await prepare(client);
        return client;
      });
    }
    return connect((error, client, release) => {
      if (!client || isSetUp.has(client)) return callback(error, client, release);
      void prepare(client).then(
        () => callback(undefined, client, release),
        (failure: Error) => callback(failure, undefined, () => undefined),
      );
    });
  }) as Pool['connect'];
}

const driverUnsupported = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_DRIVER_UNSUPPORTED',
    'The connections of this data source are not those of the JavaScript driver pg, so transactions cannot be guarded. Use type: "postgres" with the package pg, and remove pg-native and `nativeDriver`.',
  );
