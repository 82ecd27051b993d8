import type { Clock } from '@pikaia/core';
import type { InSameTransaction, CursorStore } from '../log/cursor.store.js';
import type { DeliveryChanges } from '../log/delivery.record.js';
import type { DeliveryIndex } from './delivery.index.js';
import type { LeaderTask } from './leader.task.js';
import type { Watermark } from './watermark.js';
import type { OutcomeHandler } from './outcome.handler.js';

const IDLE_STORE_MS = 60_000; // an idle cursor is stored too, so that the look-back of the next leader stays short

export interface CursorWriterOptions {
  readonly clock: Clock;
  readonly storeIntervalMs: number;
  /** Bytes of payload of new deliveries that do not wait for the interval. */
  readonly readAheadBytes: number;
}

/** Stores how far the sink is, with the deliveries that belong to it. */
export class CursorWriter implements LeaderTask {
  /** Something was handed over and stored. */
  hasAdvanced = false;
  private lastStoredAt: number;

  constructor(
    private readonly options: CursorWriterOptions,
    private readonly leader: { verifyBackend(backend: number): void },
    private readonly cursors: CursorStore,
    private readonly watermark: Watermark,
    private readonly deliveries: DeliveryIndex,
    private readonly outcomes: OutcomeHandler,
  ) {
    this.lastStoredAt = options.clock.monotonic() - options.storeIntervalMs; // the first change is stored at once
  }

  get hasUnsaved(): boolean {
    return this.watermark.hasMoved || this.deliveries.hasChanges;
  }

  get dueIn(): number {
    const { clock, storeIntervalMs, readAheadBytes } = this.options;
    if (this.deliveries.unsavedBytes >= readAheadBytes) return 0;
    return this.lastStoredAt + (this.hasUnsaved ? storeIntervalMs : IDLE_STORE_MS) - clock.monotonic();
  }

  step(): void | Promise<void> {
    if (this.dueIn <= 0) return this.store();
  }

  /** `alongside`: other work of the leader, in the same transaction. */
  async store(alongside?: InSameTransaction): Promise<void> {
    const changes: DeliveryChanges = { ...this.deliveries.takeChanges(), accepted: this.outcomes.takeAccepted() };
    const { cursor } = this.watermark;
    const moved = this.watermark.takeMoved();
    const stored = alongside ? this.cursors.storeWith(cursor, changes, alongside) : this.cursors.store(cursor, changes);
    this.leader.verifyBackend(await stored);
    this.hasAdvanced ||= moved > 0;
    this.lastStoredAt = this.options.clock.monotonic();
    this.deliveries.stored(changes);
  }
}
