import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { SLOT_COUNT } from '../log/slot-count.js';
import { EMPTY_SLOT, SLOT_SIZE } from './housekeeping.sql.js';
import type { HousekeepingResult, HousekeepingTask, Retention } from './housekeeping.task.js';

const logger = getLogger('outbox');
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Empties each slot of the log whose newest event is older than the retention and was received by every sink. A slot that is in
 * use, or not yet received, stays until the next run; the warning `outbox_slot_kept` reports it.
 */
export const logSlotsTask: HousekeepingTask = {
  name: 'slots',
  async run(client, retention, dryRun) {
    const results: HousekeepingResult[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const size = await sizeOf(client, slot);
      const outcome = await emptySlot(client, slot, retention, dryRun);
      if (outcome === 'empty' || outcome === 'recent') continue;
      const what = `outbox_log_${slot}`;
      if (outcome === 'emptied') {
        results.push({ what, removed: size, unit: 'bytes' });
        continue;
      }
      results.push({ what, removed: 0, unit: 'bytes', kept: outcome });
      if (!dryRun) logger.warning('outbox_slot_kept', { slot, reason: outcome, bytes: size });
    }
    return results;
  },
};

async function sizeOf(client: ClientBase, slot: number): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(SLOT_SIZE, [slot]);
  return rows[0]!.bytes;
}

async function emptySlot(client: ClientBase, slot: number, { logMs }: Retention, dryRun: boolean): Promise<string> {
  try {
    const { rows } = await client.query<{ outcome: string }>(EMPTY_SLOT, [slot, logMs, dryRun]);
    return rows[0]!.outcome;
  } catch (error) {
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
    return 'in use by a transaction that stays open';
  }
}
