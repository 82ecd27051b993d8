import type { ClientBase, QueryResult } from 'pg';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import { runCommitChecks } from './commit-check.js';
import { sendTogether } from './send-together.js';
import { currentScope } from './transaction.js';
import { watchTransactionControl, type PostgresRunner } from './transaction-control.js';
import {
  commitFailure,
  connectionLost,
  endsSession,
  ofCall,
  savepointOpen,
  transactionAborted,
  transactionControlRefused,
} from './transaction.errors.js';
import type { DeferredWrite, FinalRead, TransactionScope } from './transaction.scope.js';

/**
 * Checks and tracks every statement on the connection of a transaction.
 *
 * - The end of the transaction waits for statements in flight.
 * - After the end, statements are refused. Between ROLLBACK and the return of the connection to the pool, a statement would
 *   commit by itself.
 * - While a savepoint is open, statements from outside are refused, because the savepoint could roll them back.
 * - Only the method that opened the transaction can end it or release its connection.
 */
export async function guardStatements(runner: QueryRunner, root: TransactionScope): Promise<void> {
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  const [stream, release] = [runner.stream.bind(runner), runner.release.bind(runner)];
  const refuse = (what: string): never => {
    if (!root.isOpen) throw root.endError;
    const error = transactionControlRefused(what);
    root.markRollbackOnly(error);
    throw error;
  };
  const enter = (): TransactionScope => {
    root.assertNotEndedEarly();
    // A promise without the caller's context, such as a batch of a library, writes in the innermost scope.
    const caller = currentScope();
    const scope = caller?.root === root ? caller : root.innermost;
    if (!scope.isOpen) throw scope.endError;
    if (scope.hasSavepoint) throw savepointOpen();
    return scope;
  };
  let ended = false; // true after the response to COMMIT or ROLLBACK
  const stopWatching = await watchTransactionControl(runner, root);
  root.sendUnguarded = (sql, parameters) => failIfEndedEarly(root, query(sql, parameters));
  root.runner = runner;
  runner.query = (async (sql: string, ...rest: unknown[]) => {
    if (sql === 'COMMIT' || sql === 'ROLLBACK') {
      if (!root.methodEnded) return refuse(sql);
      if (sql === 'COMMIT') {
        await root.finish();
        root.assertCommittable();
        runCommitChecks(root.records);
        stopWatching();
        await commit(runner, root);
        ended = true;
        return undefined;
      }
      await root.abandon();
      stopWatching();
      if (root.endedEarly) return undefined;
      await query(sql);
      ended = true;
      return undefined;
    }
    const scope = enter();
    const written = scope.sendDeferred();
    const answer = failIfEndedEarly(root, query(sql, ...rest));
    return scope.track(written ? unlessFailed(written, answer) : answer);
  }) as QueryRunner['query'];
  runner.stream = async (...args) => {
    const scope = enter();
    await scope.sendDeferred();
    const rows = await stream(...args);
    void scope.track(new Promise<void>((done) => rows.once('close', () => done())));
    return rows;
  };
  runner.startTransaction = async () => refuse('startTransaction()');
  runner.release = async () => {
    if (ended) return release();
    if (!root.methodEnded && currentScope()?.root === root) return undefined;
    // The data source closes, or code without the caller's context calls this. Do not return the connection to the pool: its
    // next user would commit the open transaction.
    return (runner as PostgresRunner).releasePostgresConnection(connectionLost()); // the pool closes a connection with an error
  };
}

/**
 * Throws `endedEarly` in place of the result, or of the connection error, if the transaction has ended. Both can arrive after
 * its end.
 */
async function failIfEndedEarly<T>(root: TransactionScope, statement: Promise<T>): Promise<T> {
  try {
    const result = await statement;
    root.assertNotEndedEarly();
    return result;
  } catch (error) {
    throw root.endedEarly ?? error;
  }
}

/** Returns the result of a statement that was sent behind deferred writes. The error of such a write takes precedence. */
async function unlessFailed<T>(written: Promise<unknown>, answer: Promise<T>): Promise<T> {
  answer.catch(() => undefined); // its error is a consequence of the error of the write
  await written;
  return answer;
}

/**
 * Sends the deferred writes, the final reads and COMMIT in one round trip, and checks the command tag of the response. If a
 * statement failed and its error was swallowed, PostgreSQL responds to COMMIT with ROLLBACK, which TypeORM treats as success.
 * `getTransactionStatus()` of pg cannot detect this, because it is updated after the error.
 */
async function commit(runner: QueryRunner, root: TransactionScope): Promise<void> {
  await root.finish();
  if (runner.isReleased) throw connectionLost(root.lostBy);
  const client = (await runner.connect()) as ClientBase;
  const reads: readonly FinalRead[] = [...root.finalReads];
  const writes = [...root.takeDeferred(), ...reads];
  const { answers, end } = await sendTogether(client, writes, { sql: 'COMMIT' });
  const failed = answers.findIndex(({ status }) => status === 'rejected');
  if (failed >= 0) {
    const error = (answers[failed] as PromiseRejectedResult).reason as Error;
    // If the session ended, the outcome of COMMIT decides. A pooler that loses the server reports that for the first statement
    // without a response, although the server may have committed.
    if (end?.status !== 'rejected' || !endsSession(error)) throw failedWrite(writes[failed]!, error);
  }
  if (end!.status === 'rejected') throw commitFailure(end!.reason as Error, root.lostBy);
  if (end!.value.command !== 'COMMIT') throw transactionAborted();
  const results = answers.slice(answers.length - reads.length) as PromiseFulfilledResult<QueryResult>[];
  for (const [index, { onRows }] of reads.entries()) onRows(results[index]!.value.rows as Record<string, unknown>[]);
}

const failedWrite = ({ call, sql, parameters }: DeferredWrite, error: Error): unknown =>
  ofCall(call, new QueryFailedError(sql, parameters, error));
