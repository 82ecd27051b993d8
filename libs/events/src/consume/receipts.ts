import { PikaiaError } from '@pikaia/core';
import { outsideTransaction, Transactional, writeInTransaction } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type { DataSource } from 'typeorm';
import { PostponeError } from './postpone.error.js';
import { CLAIM_EVENT, DONE, FIND_RECEIPT, FIRST_DELIVERY, INSERT_RECEIPT, RELEASE_CLAIM } from './receipts.sql.js';

const logger = getLogger('consumer');

export interface ReceiptKey {
  readonly consumer: string;
  readonly eventId: string;
  /** The id of the replay; absent for the first delivery. */
  readonly replay?: string;
  readonly correlationId: string | null;
}

const CLAIM_MARGIN_MS = 10_000; // added to the handler's timeout, to store the receipt

/** Prevents an effect from happening twice when an event is delivered again. */
export class Receipts {
  /**
   * Results of effects whose receipts could not be stored. The next delivery stores the receipt and does not repeat the effect.
   */
  private readonly unwrittenResults = new Map<string, unknown>();

  constructor(private readonly source: DataSource) {}

  /**
   * Runs a handler with a database effect exactly once, in one transaction with its receipt.
   *
   * @returns false if the event was already handled; `work` is then not called.
   */
  @Transactional()
  async inTransaction(key: ReceiptKey, work: () => Promise<unknown>): Promise<boolean> {
    const values = [...primaryKeyOf(key), key.correlationId];
    const received = await writeInTransaction((manager) => manager.query<unknown[]>(INSERT_RECEIPT, values), transactionRequired);
    if (!received.length) return false;
    await work();
    return true;
  }

  /**
   * Runs a handler with an external effect: claims the event, runs `work`, and stores its result as done.
   *
   * While the claim holds, no other process handles the event, even if `work` exceeds its timeout. If the database fails after
   * the effect, this process remembers the result. Only a process that is killed in between can cause a second effect.
   *
   * @returns false if the event was already handled; `work` is then not called.
   * @throws PostponeError while another process holds the claim.
   */
  async aroundEffect(key: ReceiptKey, timeoutMs: number, work: () => Promise<unknown>): Promise<boolean> {
    const id = primaryKeyOf(key);
    const receiptKey = id.join(' ');
    if (!this.unwrittenResults.has(receiptKey)) {
      const claim = await this.claim(key, timeoutMs + CLAIM_MARGIN_MS);
      if (claim === undefined) return false;
      try {
        this.unwrittenResults.set(receiptKey, await work());
      } catch (error) {
        await this.release(id, claim);
        throw error;
      }
    }
    await this.query(DONE, [...id, JSON.stringify(this.unwrittenResults.get(receiptKey) ?? null)]);
    this.unwrittenResults.delete(receiptKey);
    return true;
  }

  /** Releases a claim. Never rejects: a claim that cannot be released expires, and the caller reports the handler's error. */
  private async release(id: string[], claim: string): Promise<void> {
    try {
      await this.query(RELEASE_CLAIM, [...id, claim]);
    } catch (error) {
      logger.exception('claim_not_released', error);
    }
  }

  private async claim(key: ReceiptKey, ms: number): Promise<string | undefined> {
    const claimed = await this.query<{ claim: string }>(CLAIM_EVENT, [...primaryKeyOf(key), key.correlationId, ms]);
    if (claimed[0]) return claimed[0].claim;
    const found = await this.query<{ state: string; left_ms: string }>(FIND_RECEIPT, primaryKeyOf(key));
    if (found[0]?.state === 'done') return undefined;
    throw new PostponeError('Another process is handling this event.', { retryAfterMs: Number(found[0]?.left_ms ?? 0) + 100 });
  }

  /** Runs outside the caller's transaction, so that other processes see a claim at once and a rollback does not undo it. */
  private query<Row>(sql: string, values: unknown[]): Promise<Row[]> {
    return outsideTransaction(() => this.source.query<Row[]>(sql, values));
  }
}

const primaryKeyOf = ({ consumer, eventId, replay = FIRST_DELIVERY }: ReceiptKey): string[] => [consumer, eventId, replay];

const transactionRequired = (): PikaiaError =>
  new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'A receipt must be written inside a transaction.');
