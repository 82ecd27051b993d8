import type { OnModuleDestroy } from '@nestjs/common';
import { newId, PikaiaError, systemClock, type Clock } from '@pikaia/core';
import { Transactional, writeInTransaction, type DatabaseAddress } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { ClaimKeeper, type Claim } from './claim.keeper.js';
import { PostponeError } from './postpone.error.js';
import { OwnReceiptConnection, PooledReceiptConnection } from './receipt.connection.js';
import { CLAIM_EVENT, FIND_RECEIPT, FIRST_DELIVERY, INSERT_RECEIPT, TAKE_OVER } from './receipts.sql.js';
import { toStoredResult } from './stored-result.js';

const logger = getLogger('consumer');

export interface ReceiptKey {
  readonly consumer: string;
  readonly eventId: string;
  /** The id of the replay; absent for the first delivery. */
  readonly replay?: string;
  readonly correlationId: string | null;
}

export interface ReceiptsOptions {
  /**
   * A direct or pooled connection as the worker's role. With it, claims are renewed and late receipts are written on a
   * separate connection, which works while handlers hold the whole pool. Default: the pool.
   */
  readonly url?: DatabaseAddress;
  /** The duration of a claim in milliseconds, after which a process counts as dead. Default: 30 seconds. */
  readonly claimMs?: number;
  /** Milliseconds for which an expired claim is left to its owner. Default: a third of `claimMs`. */
  readonly takeoverDelayMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const CLAIM_MS = 30_000; // longer than a process usually freezes, and than a failover of the database takes
const RENEWALS_IN_A_CLAIM = 10;
const DELAYS_IN_A_CLAIM = 3;
const STOP_TIMEOUT_MS = 2_000; // a process has ten seconds to stop
const RETRY_MARGIN_MS = 100;

/** Prevents an effect from happening twice when an event is delivered again. */
export class Receipts implements OnModuleDestroy {
  private readonly pool: PooledReceiptConnection;
  private readonly keeper: ClaimKeeper;
  private readonly clock: Clock;
  private readonly claimMs: number;
  private readonly takeoverDelayMs: number;

  constructor(source: DataSource, options: ReceiptsOptions = {}) {
    const { url, claimMs = CLAIM_MS, takeoverDelayMs = claimMs / DELAYS_IN_A_CLAIM, clock = systemClock } = options;
    this.pool = new PooledReceiptConnection(source);
    this.keeper = new ClaimKeeper(this.pool, url === undefined ? this.pool : new OwnReceiptConnection(url), {
      clock,
      random: options.random ?? Math.random,
      renewalMs: claimMs / RENEWALS_IN_A_CLAIM,
    });
    this.clock = clock;
    this.claimMs = claimMs;
    this.takeoverDelayMs = takeoverDelayMs;
  }

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
   * The claim is renewed while `work` runs, and until the receipt is written. While it holds, no other process handles the event.
   * If the receipt cannot be written, this process repeats the statement until it succeeds, and the promise resolves then.
   *
   * @param fixedClaimMs the duration of a claim that is not renewed: the time after which this process certainly does not run.
   * @param onDelay called if the receipt cannot be written at the first try.
   * @returns false if the event was already handled; `work` is then not called.
   * @throws PostponeError while another process holds the claim.
   */
  async aroundEffect(
    key: ReceiptKey,
    fixedClaimMs: number | undefined,
    work: () => Promise<unknown>,
    onDelay: (error: unknown) => void = () => undefined,
  ): Promise<boolean> {
    const claim = await this.claim(key, fixedClaimMs);
    if (!claim) return false;
    let result: unknown;
    try {
      result = await work();
    } catch (error) {
      await this.keeper.release(claim);
      throw error;
    }
    const { json, problems } = toStoredResult(result);
    if (problems.length) logger.warning('receipt_result_changed', { problems });
    await this.keeper.complete(claim, json, onDelay);
    return true;
  }

  /** Waits up to `timeoutMs` for receipts that are not written and handlers that still run. Logs those that remain. */
  stop(timeoutMs = STOP_TIMEOUT_MS): Promise<void> {
    return this.keeper.stop(timeoutMs);
  }

  onModuleDestroy(): Promise<void> {
    return this.stop();
  }

  private async claim(key: ReceiptKey, fixedClaimMs: number | undefined): Promise<Claim | undefined> {
    const claim: Claim = {
      id: newId(),
      key: primaryKeyOf(key),
      correlationId: key.correlationId,
      durationMs: fixedClaimMs ?? this.claimMs,
      isRenewed: fixedClaimMs === undefined,
      renewedAt: this.clock.monotonic(),
    };
    const { key: id, correlationId, durationMs } = claim;
    if (await this.tryClaim(claim, CLAIM_EVENT, [...id, correlationId, durationMs, claim.id])) return claim;
    let found = await this.find(claim);
    if (found?.state === 'claimed' && found.leftMs === 0) {
      // After an outage of the database every claim has expired. An owner that lives renews its claim or writes the receipt now.
      // The owner of a claim without an id is of a version that never renews it.
      if (found.claim !== null) await pause(this.takeoverDelayMs);
      if (await this.tryClaim(claim, TAKE_OVER, [...id, found.claim, claim.id, durationMs])) return claim;
      found = await this.find(claim);
    }
    if (found?.state === 'done') return undefined;
    throw new PostponeError('Another process is handling this event.', {
      retryAfterMs: (found?.leftMs ?? 0) + RETRY_MARGIN_MS,
    });
  }

  private async tryClaim(claim: Claim, sql: string, values: readonly unknown[]): Promise<boolean> {
    claim.renewedAt = this.clock.monotonic();
    let isClaimed: boolean;
    try {
      isClaimed = (await this.pool.query(sql, values)).length > 0;
    } catch (error) {
      this.keeper.releaseLater(claim); // the response may be lost
      throw error;
    }
    if (!isClaimed) return false;
    if (this.clock.monotonic() - claim.renewedAt < claim.durationMs) {
      this.keeper.keep(claim);
      return true;
    }
    this.keeper.releaseLater(claim);
    throw new PostponeError('The claim on this event expired before its handler was started.');
  }

  private async find({ key }: Claim): Promise<{ state: string; claim: string | null; leftMs: number } | undefined> {
    const [found] = await this.pool.query<{ state: string; claim: string | null; left_ms: string | null }>(FIND_RECEIPT, key);
    return found && { state: found.state, claim: found.claim, leftMs: Number(found.left_ms ?? 0) };
  }
}

const primaryKeyOf = ({ consumer, eventId, replay = FIRST_DELIVERY }: ReceiptKey): string[] => [consumer, eventId, replay];

const transactionRequired = (): PikaiaError =>
  new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'A receipt must be written inside a transaction.');
