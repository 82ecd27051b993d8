import { setImmediate } from 'node:timers/promises';
import type { PikaiaError } from '@pikaia/core';
import type { QueryRunner } from 'typeorm';
import { rollbackOnly } from './transaction.errors.js';

type Send = (sql: string) => Promise<unknown>;

/**
 * What is known of one transaction, or of one savepoint in it. Inner `@Transactional()` calls copy the CLS store, so only
 * an object that the copies share can tell a promise that outlived its transaction that it is over.
 */
export class TransactionScope {
  readonly root: TransactionScope;
  readonly callbacks: (() => unknown)[] = [];
  /** Sends a statement past the guard: only what begins or ends a savepoint. Set on the root by the guard. */
  send!: Send;
  /** The transaction's connection. Set on the root by the guard; undefined until BEGIN is answered. */
  runner: QueryRunner | undefined;
  /** The transaction ended without its owner: every later statement and the commit throw this. Set on the root. */
  endedBySql: PikaiaError | undefined;
  /** The method that opened the transaction has returned or thrown: now COMMIT or ROLLBACK is meant. */
  over = false;
  /** How many answers with the tag ROLLBACK are expected: one for each ROLLBACK TO SAVEPOINT that is sent here. Of the root. */
  ownRollbacks = 0;
  private failure: { readonly error: unknown } | undefined;
  private inner: TransactionScope | undefined;
  private open = true;
  private readonly pending = new Set<Promise<unknown>>();

  constructor(private readonly outer?: TransactionScope) {
    this.root = outer?.root ?? this;
    if (outer) outer.inner = this;
  }

  /** Neither it nor what it is nested in has ended. */
  get isOpen(): boolean {
    return this.open && (this.outer?.isOpen ?? true);
  }

  /** Then a statement of this scope would be rolled back with a savepoint that it does not belong to. */
  get hasSavepoint(): boolean {
    return !!this.inner;
  }

  get innermost(): TransactionScope {
    return this.inner?.innermost ?? this;
  }

  /** A `@Transactional()` call that joined this scope threw: the scope can only be rolled back. The first error is kept. */
  markRollbackOnly(error: unknown): void {
    this.failure ??= { error };
  }

  /** @throws the reason why this transaction, or savepoint, cannot be committed, or released. */
  assertCommittable(): void {
    this.assertNotEndedBySql();
    if (this.failure) throw rollbackOnly(this.failure.error);
  }

  assertNotEndedBySql(): void {
    if (this.root.endedBySql) throw this.root.endedBySql;
  }

  /** Its end waits for `work`. */
  count<T>(work: Promise<T>): Promise<T> {
    const done = (): unknown => this.pending.delete(work);
    this.pending.add(work);
    work.then(done, done);
    return work;
  }

  /** Waits for what was counted, and for what that starts in turn; then nothing more may be written. */
  async finish(): Promise<void> {
    await this.settled();
    this.open = false;
  }

  /** Nothing more may be written; what is on its way arrives before the rollback and goes with it. */
  async abandon(): Promise<void> {
    this.open = false;
    await this.settled();
  }

  /** The savepoint is gone from the server: the outer scope has the connection again. */
  leave(): void {
    if (this.outer) this.outer.inner = undefined;
  }

  private async settled(): Promise<void> {
    while (this.pending.size) {
      await Promise.allSettled(this.pending);
      await setImmediate(); // an operation of several statements, as a save with a cascade, sends its next one meanwhile
    }
  }
}
