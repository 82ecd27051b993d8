import type { ClientBase } from 'pg';
import type { InSameTransaction } from '../log/cursor.store.js';
import type { DeliveryIndex } from '../delivery/delivery.index.js';
import type { LeaderTask } from '../delivery/leader.task.js';
import { COUNT_EXPIRED, DELETE_EXPIRED } from '../delivery/expiry.sql.js';
import type { RelayContext } from '../delivery/relay.context.js';

const BATCH_SIZE = 1000; // deliveries in one transaction

interface ExpiredRow {
  readonly status: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
}

/**
 * Deletes expired deliveries. The leader does it, because only the leader writes deliveries. Housekeeping, which any worker
 * can run, does not touch them.
 */
export class DeliveryExpiry implements LeaderTask {
  private nextCheckAt = -Infinity;

  constructor(
    private readonly relay: Pick<RelayContext, 'client' | 'sink' | 'clock' | 'failedRetentionMs' | 'expiryIntervalMs'>,
    private readonly deliveryIndex: DeliveryIndex,
    private readonly store: (work: InSameTransaction) => Promise<void>,
  ) {}

  get dueInMs(): number {
    return this.nextCheckAt - this.relay.clock.monotonic();
  }

  step(): void | Promise<void> {
    if (this.dueInMs <= 0) return this.check();
  }

  /** Counts the expired deliveries. If there are any, deletes them in a transaction that stores the cursor. */
  private async check(): Promise<void> {
    this.nextCheckAt = this.relay.clock.monotonic() + this.relay.expiryIntervalMs;
    const { rows } = await this.relay.client.query<{ expired: number }>(COUNT_EXPIRED, this.values);
    if (rows[0]!.expired > 0) await this.store((client) => this.remove(client));
  }

  private async remove(client: ClientBase): Promise<void> {
    const { rows } = await client.query<ExpiredRow>(DELETE_EXPIRED, [...this.values, BATCH_SIZE]);
    for (const { status, aggregate_type: aggregateType, aggregate_id: aggregateId } of rows) {
      if (status === 'failed') this.deliveryIndex.forgetFailed({ aggregateType, aggregateId });
    }
    if (rows.length === BATCH_SIZE) this.nextCheckAt = -Infinity; // more may be left
  }

  private get values(): unknown[] {
    const { sink, failedRetentionMs } = this.relay;
    return [sink.name, failedRetentionMs, sink.ordering === 'aggregate'];
  }
}
