import type { DataSource } from 'typeorm';
import type { PostResult } from '../http/guarded.post.js';
import type { ClaimedDelivery } from './claimed.delivery.js';
import { DISABLE_AFTER_FAILURES, DISABLE_AFTER_MS, FAILURES_UNTIL_PAUSE } from './retry.schedule.js';
import { CLAIM, MEASURE_DUE, RECORD_ATTEMPT, RELEASE, SETTLE_INACTIVE } from './sending.sql.js';

export interface DeliveryStoreOptions {
  /** Identifies this process. Another process never has the same text. */
  readonly worker: string;
  /** Milliseconds after which another worker may attempt a claimed delivery. */
  readonly claimMs: number;
  readonly maxPerEndpoint: number;
  readonly maxPerOrganization: number;
}

/** The delays that follow a failed attempt. */
export interface Delays {
  /** Null after the last attempt. */
  readonly retryMs: number | null;
  readonly endpointPauseMs: number;
}

export interface RecordedAttempt {
  readonly status: 'delivered' | 'pending' | 'failed' | 'canceled';
  /** True if every attempt of the endpoint has failed for so long that it must be disabled. */
  readonly isEndpointOverdue: boolean;
}

const MAX_SETTLED = 1_000;
const MAX_COUNT = 10_001;

/** The statements of the sending loop. Each is its own transaction, and no connection is held while a receiver is called. */
export class DeliveryStore {
  constructor(
    private readonly source: DataSource,
    private readonly options: DeliveryStoreOptions,
  ) {}

  /** Claims up to `limit` deliveries that are due. `inFlight` has the deliveries that this worker attempts. */
  claim(limit: number, inFlight: Iterable<ClaimedDelivery>): Promise<ClaimedDelivery[]> {
    const { worker, claimMs, maxPerEndpoint, maxPerOrganization } = this.options;
    const busy = [...inFlight];
    return this.source.query<ClaimedDelivery[]>(CLAIM, [
      limit,
      worker,
      claimMs,
      busy.map(({ endpointId }) => endpointId),
      busy.map(({ organizationId }) => organizationId),
      maxPerEndpoint,
      maxPerOrganization,
      FAILURES_UNTIL_PAUSE,
    ]);
  }

  /** @returns undefined if the claim was lost: another worker attempts the delivery, or has attempted it. */
  async record(
    { id, endpointId, attempts, url }: ClaimedDelivery,
    { status, body, failure }: PostResult,
    durationMs: number,
    { retryMs, endpointPauseMs }: Delays,
  ): Promise<RecordedAttempt | undefined> {
    const [recorded] = await this.source.query<RecordedAttempt[]>(RECORD_ATTEMPT, [
      id,
      this.options.worker,
      attempts,
      failure === undefined,
      status,
      failure?.code ?? null,
      failure?.text ?? null,
      body,
      durationMs,
      retryMs,
      endpointPauseMs,
      DISABLE_AFTER_MS,
      DISABLE_AFTER_FAILURES,
      endpointId,
      url,
    ]);
    return recorded;
  }

  /** Gives deliveries back that have no result. They are due again after `delayMs`. */
  async release(deliveries: readonly ClaimedDelivery[], delayMs = 0): Promise<void> {
    await this.source.query(RELEASE, [deliveries.map(({ id }) => id), this.options.worker, delayMs]);
  }

  /** Settles deliveries that are due although their endpoint is disabled or deleted. @returns true if there may be more. */
  async settleInactive(): Promise<boolean> {
    const [row] = await this.source.query<{ settled: number }[]>(SETTLE_INACTIVE, [MAX_SETTLED]);
    return row!.settled >= MAX_SETTLED;
  }

  async measureDue(): Promise<{ readonly due: number; readonly seconds: number }> {
    const [row] = await this.source.query<{ due: number; seconds: number }[]>(MEASURE_DUE, [MAX_COUNT]);
    return row!;
  }
}
