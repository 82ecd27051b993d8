import type { Chore } from './chore.js';
import { OLD_REPLAYS } from './housekeeping.sql.js';
import { remove } from './removal.js';

/** Removes the notes of replays that have ended; the audit trail keeps who asked for them. */
export const replaysChore: Chore = {
  name: 'replays',
  run: (client, { failedMs }, dryRun) =>
    remove(client, { table: 'outbox.outbox_replay', old: OLD_REPLAYS, values: [failedMs] }, dryRun),
};
