import { Injectable } from '@nestjs/common';
import { context, PikaiaError } from '@pikaia/core';
import { currentManager, queryJsonRows, Transactional, writeWithCommit } from '@pikaia/database';
import { Problem } from '../errors/problem.js';
import type { StoredResponse } from './stored-response.js';
import type { KeyedRequest } from './keyed-request.js';
import { DELETE_EXPIRED_KEY, FIND_RESPONSE, INSERT_RESPONSE, KEY_LOCKS, TRY_LOCK } from './idempotency-keys.sql.js';

interface FoundResponse extends StoredResponse {
  /** The correlation id of the first request with the key. */
  readonly correlationId: string;
}

interface Row extends StoredResponse {
  readonly fingerprint: string;
  readonly correlation_id: string;
  readonly expired: boolean;
}

/** The responses to requests with an idempotency key, in the table idempotency_key. */
@Injectable()
export class IdempotencyKeys {
  /**
   * Returns the stored response of a key. If there is none, runs `work` in a transaction and stores its response in the same
   * transaction. Methods with `@Transactional()` that `work` calls join it.
   *
   * @throws Problem 409 if the first request with this key is still running, at once; 422 if it was another request.
   */
  @Transactional()
  async findOrStore(
    request: KeyedRequest,
    work: () => Promise<StoredResponse>,
  ): Promise<{ response: StoredResponse; original?: string }> {
    const stored = await this.claim(request);
    if (stored) return { response: stored, original: stored.correlationId };
    const response = await work();
    const { status, headers, body } = response;
    writeWithCommit(
      {
        call: 'storeResponse',
        sql: INSERT_RESPONSE,
        parameters: [request.id, request.fingerprint, status, JSON.stringify(headers), body, context.correlationId],
      },
      () => new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'A response must be stored inside a transaction.'),
    );
    return { response };
  }

  /**
   * Locks the key until the transaction ends, and returns its response. The lock comes first, so that the response is visible
   * after it.
   */
  private async claim({ id, fingerprint }: KeyedRequest): Promise<FoundResponse | undefined> {
    const manager = currentManager();
    const [lock] = await queryJsonRows<{ locked: boolean }>(manager, TRY_LOCK, lockOf(id));
    if (!lock!.locked) throw Problem.keyInUse();
    const [row] = await queryJsonRows<Row>(manager, FIND_RESPONSE, [id]);
    if (row?.expired) await manager.query(DELETE_EXPIRED_KEY, [id]);
    if (!row || row.expired) return undefined;
    if (row.fingerprint !== fingerprint) throw Problem.keyReused();
    const { status, headers, body, correlation_id: correlationId } = row;
    return { status, headers, body, correlationId };
  }
}

/** Returns the two numbers of the lock of a key. Two keys whose hashes agree in 32 bits share it. */
const lockOf = (id: string): number[] => [KEY_LOCKS, Buffer.from(id, 'base64url').readInt32BE(0)];
