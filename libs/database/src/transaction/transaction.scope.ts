import { setImmediate } from 'node:timers/promises';
import type { PikaiaError } from '@pikaia/core';
import type { QueryRunner } from 'typeorm';
import type { WrittenRecord } from './commit-check.js';
import { ofCall, rollbackOnly, transactionEnded } from './transaction.errors.js';

type Send = (sql: string, parameters?: unknown[]) => Promise<unknown>;

/** A write of a library that the transaction sends by itself; see writeWithCommit. */
export interface DeferredWrite {
  /** The call that it belongs to, such as `publish(member.invited)`. The error of the write begins with it. */
  readonly call: string;
  readonly sql: string;
  readonly parameters: unknown[];
  /** What the write stores, for the checks before COMMIT. */
  readonly record?: WrittenRecord;
}

/** A query that the transaction sends directly before COMMIT; see readWithCommit. */
export interface FinalRead extends DeferredWrite {
  /** Receives the rows after the commit. It must not throw. */
  readonly onRows: (rows: readonly Readonly<Record<string, unknown>>[]) => void;
}

/**
 * The state of one transaction, or of one savepoint in it. Inner `@Transactional()` calls copy the CLS store, and the copies
 * share this object. So a promise that outlives its transaction can see that the transaction has ended.
 */
export class TransactionScope {
  readonly root: TransactionScope;
  readonly callbacks: (() => unknown)[] = [];
  /** The events and audit entries of the scope, and of its savepoints that were released. */
  readonly records: WrittenRecord[] = [];
  /** Set on the root. */
  readonly finalReads = new Set<FinalRead>();
  /** Sends a statement without the checks of the guard: a deferred write, or the begin or end of a savepoint. Set on the root. */
  sendUnguarded!: Send;
  /** The connection of the transaction. The guard sets it on the root; undefined until BEGIN has succeeded. */
  runner: QueryRunner | undefined;
  /** Present if a SQL statement or `abortTransaction` ended it. Every later statement and the commit throw it. Set on the root. */
  endedEarly: PikaiaError | undefined;
  /** The reason of `abortTransaction`. Work that continues after it is refused, also in a new transaction. Set on the root. */
  abortedBy: PikaiaError | undefined;
  /** Ends the transaction at once. Set on the root from BEGIN until COMMIT or ROLLBACK is sent. */
  abort: ((reason: PikaiaError) => void) | undefined;
  /** The error with which the connection broke. Set on the root. */
  lostBy: unknown;
  /** True after the method that opened the transaction has returned or thrown. From then on COMMIT and ROLLBACK are allowed. */
  methodEnded = false;
  /** The number of ROLLBACK tags to expect: one for each ROLLBACK TO SAVEPOINT that this library sends. Set on the root. */
  expectedRollbackTags = 0;
  private failure: { readonly error: unknown } | undefined;
  private inner: TransactionScope | undefined;
  private open = true;
  private readonly pending = new Set<Promise<unknown>>();
  private deferred: DeferredWrite[] = [];
  /** A deferred write failed before COMMIT. pg can refuse a write without sending it, so the server does not know of the failure. */
  private failedWrite: { readonly error: unknown } | undefined;

  constructor(private readonly outer?: TransactionScope) {
    this.root = outer?.root ?? this;
    if (outer) outer.inner = this;
  }

  /** True if neither this scope nor an outer scope has ended. */
  get isOpen(): boolean {
    return this.open && (this.outer?.isOpen ?? true);
  }

  /** True while a savepoint is open inside this scope. It could roll back a statement of this scope, which is outside of it. */
  get hasSavepoint(): boolean {
    return !!this.inner;
  }

  get innermost(): TransactionScope {
    return this.inner?.innermost ?? this;
  }

  /** Makes the scope rollback-only after a `@Transactional()` call that joined it has thrown. Keeps the first error. */
  markRollbackOnly(error: unknown): void {
    this.failure ??= { error };
  }

  /** @throws the reason why this transaction cannot commit, or this savepoint cannot be released. */
  assertCommittable(): void {
    this.assertNotEndedEarly();
    if (this.failedWrite) throw this.failedWrite.error;
    if (this.failure) throw rollbackOnly(this.failure.error);
  }

  assertNotEndedEarly(): void {
    if (this.root.endedEarly) throw this.root.endedEarly;
  }

  /** The error for work that continues after the end of the scope. */
  get endError(): PikaiaError {
    return this.root.abortedBy ?? transactionEnded();
  }

  /** Adds a write that is sent before the next statement of the scope, before its savepoint is released, or with COMMIT. */
  defer(write: DeferredWrite): void {
    this.deferred.push(write);
    if (write.record) this.records.push(write.record);
  }

  takeDeferred(): readonly DeferredWrite[] {
    if (this.deferred.length === 0) return [];
    const { deferred } = this;
    this.deferred = [];
    return deferred;
  }

  /**
   * Sends the deferred writes and returns without waiting, so that the caller can send its statement behind them. The result
   * rejects with the error of the first write that fails. The server then ignores what is sent behind it.
   */
  sendDeferred(): Promise<unknown> | undefined {
    const writes = this.takeDeferred();
    if (writes.length === 0) return undefined;
    const answers = writes.map(async ({ call, sql, parameters }) =>
      this.root.sendUnguarded(sql, parameters).catch((error: unknown) => {
        this.failedWrite ??= { error: ofCall(call, error) };
        throw this.failedWrite.error;
      }),
    );
    return this.track(Promise.all(answers));
  }

  /** Makes the end of this scope wait for `work`. */
  track<T>(work: Promise<T>): Promise<T> {
    const done = (): unknown => this.pending.delete(work);
    this.pending.add(work);
    work.then(done, done);
    return work;
  }

  /** Waits for all tracked work and for work that it starts, then closes the scope. Later writes are refused. */
  async finish(): Promise<void> {
    await this.waitForPending();
    this.open = false;
  }

  /** Closes the scope, then waits for statements in flight. They reach the server before the rollback, which includes them. */
  async abandon(): Promise<void> {
    this.open = false;
    this.deferred = [];
    await this.waitForPending();
  }

  /** Gives the connection back to the outer scope. Call it when the savepoint no longer exists on the server. */
  detach(): void {
    if (this.outer) this.outer.inner = undefined;
  }

  private async waitForPending(): Promise<void> {
    while (this.pending.size) {
      await Promise.allSettled(this.pending);
      await setImmediate(); // lets an operation of several statements, such as a cascading save, send its next statement
    }
  }
}
