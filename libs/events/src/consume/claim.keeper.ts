import type { Clock } from '@pikaia/core';
import { errorMessage, getLogger } from '@pikaia/logging';
import { AsyncLocalStorage } from 'node:async_hooks';
import { waitAtMost } from '../loop/wait-at-most.js';
import { retryDelay } from '../loop/backoff.js';
import type { ReceiptConnection } from './receipt.connection.js';
import { DONE, RELEASE_CLAIM, RENEW_CLAIMS } from './receipts.sql.js';

const logger = getLogger('consumer');

/** A claim that this process holds, until its receipt is written or it is released. */
export interface Claim {
  readonly id: string;
  /** Consumer, event and replay: the primary key of the receipt. */
  readonly key: readonly string[];
  readonly correlationId: string | null;
  readonly durationMs: number;
  /** False for a claim that lasts as long as its process can run. */
  readonly isRenewed: boolean;
  /** Monotonic milliseconds. */
  renewedAt: number;
  /** True once it was reported that another process can take over the event. */
  isReported?: boolean;
  /** How the claim ends. Absent while the handler runs. */
  ending?: 'release' | { readonly result: string | null };
}

interface ClaimKeeperOptions {
  readonly clock: Clock;
  /** Returns a number between 0 and 1 for the jitter. */
  readonly random: () => number;
  /** Milliseconds between two renewals of a claim. */
  readonly renewalMs: number;
}

const MAX_RETRY_MS = 1_000;
const MAX_LOGGED_IDS = 100;
const VALUE_REFUSED_SQLSTATE = /^(22|54)/; // data exception, program limit exceeded

/**
 * Keeps the claims of this process until their effects have receipts. It renews each claim while the handler runs, and repeats a
 * receipt or a release that failed until it succeeds. Its timer runs only while there are claims, and a claim that only has to be
 * renewed does not keep the process alive.
 */
export class ClaimKeeper {
  private readonly claims = new Set<Claim>();
  /** The claims whose end failed at the first try, with the function that reports their end. */
  private readonly unended = new Map<Claim, () => void>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private isStopped = false;
  private onIdle: (() => void) | undefined;
  /** Runs work outside the context and the transaction of the event whose claim starts the timer. */
  private readonly detached = AsyncLocalStorage.snapshot();

  /**
   * @param pool sends the first try of each receipt and release.
   * @param connection renews claims and repeats what failed.
   */
  constructor(
    private readonly pool: ReceiptConnection,
    private readonly connection: ReceiptConnection,
    private readonly options: ClaimKeeperOptions,
  ) {}

  /** Renews a claim until `complete` or `release` ends it. */
  keep(claim: Claim): void {
    this.claims.add(claim);
    if (!this.timer && !this.running) this.schedule(this.options.renewalMs);
  }

  /**
   * Writes the receipt of an effect. The promise resolves once it is written, however long that takes.
   *
   * @param onDelay called if the first try fails.
   */
  async complete(claim: Claim, result: string, onDelay: (error: unknown) => void): Promise<void> {
    claim.ending = { result };
    try {
      await this.end(claim, this.pool);
    } catch (error) {
      logger.warning('receipt_delayed', { reason: errorMessage(error) });
      const written = this.endLater(claim);
      onDelay(error);
      await written;
    }
  }

  /** Releases a claim after a failure. Never rejects. If the first try fails, the release is repeated in the background. */
  async release(claim: Claim): Promise<void> {
    claim.ending = 'release';
    await this.end(claim, this.pool).catch(() => this.releaseLater(claim));
  }

  /** Releases a claim in the background, for example one that may exist because the response to its statement was lost. */
  releaseLater(claim: Claim): void {
    claim.ending = 'release';
    void this.endLater(claim);
  }

  /**
   * Waits up to `timeoutMs` until every handler has ended and every receipt is written, and stops. Reports what is left, because
   * those effects can happen again in another process.
   */
  async stop(timeoutMs: number): Promise<void> {
    if (this.left.length) {
      const idle = new Promise<void>((resolve) => (this.onIdle = resolve));
      await waitAtMost(idle, timeoutMs);
    }
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
    await this.connection.close();
    const [unwritten, running] = [this.left.filter(({ ending }) => ending), this.left.filter(({ ending }) => !ending)];
    if (unwritten.length) logger.error('receipts_not_written', { events: idsOf(unwritten), count: unwritten.length });
    if (running.length) logger.warning('handlers_not_finished', { events: idsOf(running), count: running.length });
  }

  /** The claims whose effect may have happened and has no receipt. */
  private get left(): Claim[] {
    return [...this.claims].filter(({ ending }) => ending !== 'release');
  }

  private endLater(claim: Claim): Promise<void> {
    const ended = new Promise<void>((resolve) => this.unended.set(claim, resolve));
    this.claims.add(claim);
    if (!this.running) this.schedule(0);
    return ended;
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer);
    if (this.isStopped) return;
    this.timer = this.detached(() => setTimeout(() => void (this.running = this.run()), ms));
    if (!this.unended.size) this.timer.unref();
  }

  /** Renews what is due and repeats what failed, and schedules the next run. Never rejects. */
  private async run(): Promise<void> {
    let failed = false;
    const attempt = (work: Promise<void>): Promise<unknown> => work.catch(() => (failed = true));
    await attempt(this.renew());
    for (const claim of this.unended.keys()) {
      if (claim.ending === 'release' && this.hasExpired(claim)) this.forget(claim);
      else await attempt(this.end(claim, this.connection));
      await attempt(this.renew()); // a receipt can wait for a lock
    }
    this.failures = failed ? this.failures + 1 : 0;
    if (!this.claims.size) await this.connection.close();
    this.timer = undefined;
    this.running = undefined;
    const { renewalMs, random } = this.options;
    // An expired claim is left to its owner for several of these delays.
    if (failed) this.schedule(Math.min(MAX_RETRY_MS, renewalMs, retryDelay(this.failures, random)));
    else if (this.claims.size) this.schedule(this.unended.size ? 0 : renewalMs);
  }

  /** Renews the claims that are due. */
  private async renew(): Promise<void> {
    const now = this.options.clock.monotonic();
    const due = [...this.claims].filter(
      (claim) => claim.isRenewed && claim.ending !== 'release' && now - claim.renewedAt >= this.options.renewalMs,
    );
    if (!due.length) return;
    const keys = [0, 1, 2].map((column) => due.map(({ key }) => key[column]));
    const values = [...keys, due.map(({ id }) => id), due[0]!.durationMs];
    const renewed = new Set((await this.connection.query<{ claim: string }>(RENEW_CLAIMS, values)).map(({ claim }) => claim));
    for (const claim of due) {
      if (renewed.has(claim.id)) claim.renewedAt = now;
      else if (this.hasExpired(claim) && !claim.ending && !claim.isReported) {
        claim.isReported = true;
        logger.warning('claim_lost', { events: idsOf([claim]) });
      }
    }
  }

  private async end(claim: Claim, connection: ReceiptConnection): Promise<void> {
    if (claim.ending === 'release') await connection.query(RELEASE_CLAIM, [...claim.key, claim.id]);
    else await this.writeReceipt(claim, connection);
    this.forget(claim);
  }

  private async writeReceipt(claim: Claim, connection: ReceiptConnection): Promise<void> {
    const { result } = claim.ending as { result: string | null };
    const values = [...claim.key, claim.correlationId];
    try {
      await connection.query(DONE, [...values, result]);
    } catch (error) {
      if (result === null || !VALUE_REFUSED_SQLSTATE.test(String((error as { code?: unknown }).code))) throw error;
      logger.warning('receipt_result_changed', { problems: ['refused by the server'] });
      claim.ending = { result: null };
      await connection.query(DONE, [...values, null]);
    }
  }

  private forget(claim: Claim): void {
    this.claims.delete(claim);
    this.unended.get(claim)?.();
    this.unended.delete(claim);
    if (this.onIdle && !this.left.length) this.onIdle();
  }

  private hasExpired({ renewedAt, durationMs }: Claim): boolean {
    return this.options.clock.monotonic() - renewedAt > durationMs;
  }
}

const idsOf = (claims: readonly Claim[]): string[] => claims.slice(0, MAX_LOGGED_IDS).map(({ key }) => `${key[0]} ${key[1]}`);
