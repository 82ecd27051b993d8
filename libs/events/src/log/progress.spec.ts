import { systemClock } from '@pikaia/core';
import type { CursorStore } from './cursor.store.js';
import type { DeliveryIndex } from '../delivery/delivery.index.js';
import type { Watermark } from '../delivery/watermark.js';
import type { Leader } from '../leader/leader.js';
import type { OutcomeHandler } from '../delivery/outcome.handler.js';
import { CursorWriter } from '../delivery/cursor.writer.js';

describe('Progress', () => {
  it('stores the first change at once, then once an interval while there is something, and an idle cursor once a minute', async () => {
    let now = 0;
    let hasMoved = true;
    let unsavedBytes = 0;
    const stored: number[] = [];
    const handOver = { cursor: {}, takeAdvancedRows: () => 0, get hasAdvanced() { return hasMoved; } }; // prettier-ignore
    const deliveries = { takeChanges: () => ({}), onStored: () => undefined, hasChanges: false, get unsavedBytes() { return unsavedBytes; } }; // prettier-ignore
    const progress = new CursorWriter(
      { clock: { ...systemClock, monotonic: () => now }, storeIntervalMs: 50, readAheadBytes: 1_000 },
      { verifyBackend: () => undefined } as unknown as Leader,
      { store: async () => void stored.push(now) } as unknown as CursorStore,
      handOver as unknown as Watermark,
      deliveries as unknown as DeliveryIndex,
      { takeAccepted: () => 0 } as unknown as OutcomeHandler,
    );
    for (; now < 120; now += 10) await progress.step();
    expect(stored).toEqual([0, 50, 100]);
    hasMoved = false;
    for (; now < 60_120; now += 10) await progress.step();
    expect(stored).toEqual([0, 50, 100, 60_100]);
    unsavedBytes = 1_000; // payloads of deliveries that are only in memory
    await progress.step();
    expect(stored.at(-1)).toBe(60_120);
  });
});
