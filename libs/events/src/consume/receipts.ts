import { PikaiaError } from '@pikaia/core';
import { outsideTransaction, Transactional, writeInTransaction } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type { DataSource } from 'typeorm';
import { PostponeError } from './postpone.error.js';
import { CLAIM, DONE, FIND, FIRST_DELIVERY, RECEIVE, RELEASE } from './receipts.sql.js';

const logger = getLogger('consumer');

export interface ReceiptKey {
  readonly consumer: string;
  readonly eventId: string;
  /** Absent: the first delivery. */
  readonly replay?: string;
  readonly correlationId: string | null;
}

const CLAIM_MARGIN_MS = 10_000; // beyond the handler's own limit, for the receipt itself

/** Keeps an effect from happening twice, whatever is delivered again. */
export class Receipts {
  /** What effects have answered whose receipts could not be written: the next delivery writes them, and repeats nothing. */
  private readonly unwritten = new Map<string, unknown>();

  constructor(private readonly source: DataSource) {}

  /**
   * Runs a handler whose effect is in the database, in one transaction with its receipt: exactly once.
   *
   * @returns false when it had been handled before; `work` is not called then.
   */
  @Transactional()
  async inTransaction(key: ReceiptKey, work: () => Promise<unknown>): Promise<boolean> {
    const values = [...idOf(key), key.correlationId];
    const received = await writeInTransaction((manager) => manager.query<unknown[]>(RECEIVE, values), transactionRequired);
    if (!received.length) return false;
    await work();
    return true;
  }

  /**
   * Runs a handler whose effect is outside: claims the event, works, marks it done with what the handler returned.
   * While the claim holds nobody else works on it, also when `work` outlives its caller's patience. Where the database
   * fails after the effect, this process knows of it: only one that is killed in between can repeat it.
   *
   * @returns false when it had been handled before; `work` is not called then.
   * @throws PostponeError while somebody else holds the claim.
   */
  async aroundEffect(key: ReceiptKey, patienceMs: number, work: () => Promise<unknown>): Promise<boolean> {
    const id = idOf(key);
    const known = id.join(' ');
    if (!this.unwritten.has(known)) {
      const claim = await this.claim(key, patienceMs + CLAIM_MARGIN_MS);
      if (claim === undefined) return false;
      try {
        this.unwritten.set(known, await work());
      } catch (error) {
        await this.release(id, claim);
        throw error;
      }
    }
    await this.query(DONE, [...id, JSON.stringify(this.unwritten.get(known) ?? null)]);
    this.unwritten.delete(known);
    return true;
  }

  /** What cannot be given back runs out by itself; the handler's own error is the one to be told. */
  private async release(id: string[], claim: string): Promise<void> {
    try {
      await this.query(RELEASE, [...id, claim]);
    } catch (error) {
      logger.exception('claim_not_released', error);
    }
  }

  private async claim(key: ReceiptKey, ms: number): Promise<string | undefined> {
    const claimed = await this.query<{ claim: string }>(CLAIM, [...idOf(key), key.correlationId, ms]);
    if (claimed[0]) return claimed[0].claim;
    const found = await this.query<{ state: string; left_ms: string }>(FIND, idOf(key));
    if (found[0]?.state === 'done') return undefined;
    throw new PostponeError('Another process is handling this event.', { retryAfterMs: Number(found[0]?.left_ms ?? 0) + 100 });
  }

  /** A claim and its end are visible to others at once, and stay if a caller's transaction is rolled back. */
  private query<Row>(sql: string, values: unknown[]): Promise<Row[]> {
    return outsideTransaction(() => this.source.query<Row[]>(sql, values));
  }
}

const idOf = ({ consumer, eventId, replay = FIRST_DELIVERY }: ReceiptKey): string[] => [consumer, eventId, replay];

const transactionRequired = (): PikaiaError =>
  new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'A receipt was to be written outside its transaction.');
