import { systemClock } from '@pikaia/core';
import type { CursorStore } from '../log/cursor.store.js';
import type { DeliveryIndex } from './delivery.index.js';
import type { Watermark } from './watermark.js';
import type { Leader } from '../leader/leader.js';
import type { OutcomeHandler } from './outcome.handler.js';
import { CursorWriter } from './cursor.writer.js';

describe('CursorWriter', () => {
  it('stores the first change at once, then once per interval while the cursor moves, and an idle cursor once a minute', async () => {
    let now = 0;
    let hasMoved = true;
    let unsavedBytes = 0;
    const stored: number[] = [];
    const handOver = { cursor: {}, takeAdvancedRows: () => 0, get hasAdvanced() { return hasMoved; } }; // prettier-ignore
    const deliveries = { takeChanges: () => ({}), onStored: () => undefined, hasChanges: false, get unsavedBytes() { return unsavedBytes; } }; // prettier-ignore
    const progress = new CursorWriter(
      { clock: { ...systemClock, monotonic: () => now }, storeIntervalMs: 50, limits: { fresh: 1, late: 1, bytes: 1_000 } },
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
    unsavedBytes = 1_000; // the payloads of deliveries that are not stored yet reach the limit
    await progress.step();
    expect(stored.at(-1)).toBe(60_120);
  });
});
