import type { Chore } from './chore.js';
import { OLD_PROGRESS } from './housekeeping.sql.js';
import { remove } from './removal.js';

/** Thins the cursors out: they are append-only, and only few of them tell when an event went out. */
export const progressChore: Chore = {
  name: 'progress',
  run: (client, _, dryRun) => remove(client, { table: 'outbox.outbox_progress', old: OLD_PROGRESS, values: [] }, dryRun),
};
