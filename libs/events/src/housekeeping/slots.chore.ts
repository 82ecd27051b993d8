import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import type { Chore, Finding, Retention } from './chore.js';
import { EMPTY_SLOT, SLOT_SIZE } from './housekeeping.sql.js';

const logger = getLogger('outbox');
const SLOTS = 12;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Empties the slots of the log whose newest event is older than the retention and that every sink has had. One that is in
 * use, or not handed over, is left for the next time: it grows, and the warning `outbox_slot_kept` says so.
 */
export const slotsChore: Chore = {
  name: 'slots',
  async run(client, retention, dryRun) {
    const findings: Finding[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const size = await sizeOf(client, slot);
      const outcome = await empty(client, slot, retention, dryRun);
      if (outcome === 'empty' || outcome === 'recent') continue;
      const what = `outbox_log_${slot}`;
      if (outcome === 'emptied') {
        findings.push({ what, removed: size, unit: 'bytes' });
        continue;
      }
      findings.push({ what, removed: 0, unit: 'bytes', kept: outcome });
      if (!dryRun) logger.warning('outbox_slot_kept', { slot, reason: outcome, bytes: size });
    }
    return findings;
  },
};

async function sizeOf(client: ClientBase, slot: number): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(SLOT_SIZE, [slot]);
  return rows[0]!.bytes;
}

async function empty(client: ClientBase, slot: number, { logMs }: Retention, dryRun: boolean): Promise<string> {
  try {
    const { rows } = await client.query<{ outcome: string }>(EMPTY_SLOT, [slot, logMs, dryRun]);
    return rows[0]!.outcome;
  } catch (error) {
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
    return 'in use by a transaction that stays open';
  }
}
