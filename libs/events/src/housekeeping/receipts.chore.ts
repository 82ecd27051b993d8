import type { Chore } from './chore.js';
import { OLD_RECEIPTS } from './housekeeping.sql.js';
import { remove } from './removal.js';

/** Removes receipts that nothing can ask for any more: what they keep from repeating is gone from the log long since. */
export const receiptsChore: Chore = {
  name: 'receipts',
  run: (client, { receiptMs }, dryRun) =>
    remove(client, { table: 'outbox.consumer_receipt', old: OLD_RECEIPTS, values: [receiptMs] }, dryRun),
};
