import type { InSameTransaction, CursorStore } from '../log/cursor.store.js';
import type { DeliveryChanges } from '../log/delivery.record.js';
import type { DeliveryIndex } from './delivery.index.js';
import type { LeaderTask } from './leader.task.js';
import type { Watermark } from './watermark.js';
import type { OutcomeHandler } from './outcome.handler.js';
import type { RelayContext } from './relay.context.js';

const IDLE_STORE_INTERVAL_MS = 60_000; // an idle cursor is stored too, so that the next leader has less to read again

/** Stores the sink's cursor together with the changed deliveries, in one transaction. */
export class CursorWriter implements LeaderTask {
  /** True once this term stored a cursor that passed at least one event. */
  hasAdvanced = false;
  private lastStoredAt: number;

  constructor(
    private readonly relay: Pick<RelayContext, 'clock' | 'storeIntervalMs' | 'limits'>,
    private readonly leader: { verifyBackend(backend: number): void },
    private readonly cursors: CursorStore,
    private readonly watermark: Watermark,
    private readonly deliveryIndex: DeliveryIndex,
    private readonly outcomeHandler: OutcomeHandler,
  ) {
    this.lastStoredAt = relay.clock.monotonic() - relay.storeIntervalMs; // store the first change immediately
  }

  get hasUnsavedChanges(): boolean {
    return this.watermark.hasAdvanced || this.deliveryIndex.hasChanges;
  }

  get dueInMs(): number {
    const { clock, storeIntervalMs, limits } = this.relay;
    if (this.deliveryIndex.unsavedBytes >= limits.bytes) return 0;
    return this.lastStoredAt + (this.hasUnsavedChanges ? storeIntervalMs : IDLE_STORE_INTERVAL_MS) - clock.monotonic();
  }

  step(): void | Promise<void> {
    if (this.dueInMs <= 0) return this.store();
  }

  /** Stores the cursor and the changed deliveries. `work` runs in the same transaction. */
  async store(work?: InSameTransaction): Promise<void> {
    const changes: DeliveryChanges = { ...this.deliveryIndex.takeChanges(), accepted: this.outcomeHandler.takeAccepted() };
    const { cursor } = this.watermark;
    const moved = this.watermark.takeAdvancedRows();
    const stored = work ? this.cursors.storeWith(cursor, changes, work) : this.cursors.store(cursor, changes);
    this.leader.verifyBackend(await stored);
    this.hasAdvanced ||= moved > 0;
    this.lastStoredAt = this.relay.clock.monotonic();
    this.deliveryIndex.onStored(changes);
  }
}
