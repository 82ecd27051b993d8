import { Injectable } from '@nestjs/common';
import { context, PikaiaError } from '@pikaia/core';
import { currentManager, queryJsonRows, Transactional, writeWithCommit } from '@pikaia/database';
import { Problem } from '../errors/problem.js';
import type { Answer } from './answer.js';
import type { KeyedRequest } from './keyed-request.js';
import { DELETE_EXPIRED_KEY, FIND_ANSWER, INSERT_ANSWER, TRY_LOCK } from './stored-answers.sql.js';

interface StoredAnswer extends Answer {
  /** The correlation id of the request that was answered first. */
  readonly correlationId: string;
}

interface Row extends Answer {
  readonly fingerprint: string;
  readonly correlation_id: string;
  readonly expired: boolean;
}

/** The answers to requests with an idempotency key, in the table idempotency_key. */
@Injectable()
export class StoredAnswers {
  /**
   * Returns the stored answer of a key. If there is none, runs `work` in a transaction and stores its answer in the same transaction.
   * Methods with `@Transactional()` that `work` calls join it.
   *
   * @throws Problem 409 if the first request with this key is still running, at once; 422 if it was another request.
   */
  @Transactional()
  async findOrStore(request: KeyedRequest, work: () => Promise<Answer>): Promise<{ answer: Answer; original?: string }> {
    const stored = await this.claim(request);
    if (stored) return { answer: stored, original: stored.correlationId };
    const answer = await work();
    const { status, headers, body } = answer;
    writeWithCommit(
      {
        call: 'storeAnswer',
        sql: INSERT_ANSWER,
        parameters: [request.id, request.fingerprint, status, JSON.stringify(headers), body, context.correlationId],
      },
      () => new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'An answer must be stored inside a transaction.'),
    );
    return { answer };
  }

  /** Locks the key until the transaction ends, and returns its answer. The lock comes first, so that the answer is visible after it. */
  private async claim({ id, fingerprint }: KeyedRequest): Promise<StoredAnswer | undefined> {
    const manager = currentManager();
    const [lock] = await queryJsonRows<{ locked: boolean }>(manager, TRY_LOCK, lockOf(id));
    if (!lock!.locked) throw Problem.keyInUse();
    const [row] = await queryJsonRows<Row>(manager, FIND_ANSWER, [id]);
    if (row?.expired) await manager.query(DELETE_EXPIRED_KEY, [id]);
    if (!row || row.expired) return undefined;
    if (row.fingerprint !== fingerprint) throw Problem.keyReused();
    const { status, headers, body, correlation_id: correlationId } = row;
    return { status, headers, body, correlationId };
  }
}

/** Returns the two numbers of the lock of a key: the first 64 bits of its hash. */
function lockOf(id: string): number[] {
  const bytes = Buffer.from(id, 'base64url');
  return [bytes.readInt32BE(0), bytes.readInt32BE(4)];
}
