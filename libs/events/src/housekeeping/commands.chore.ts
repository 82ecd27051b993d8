import type { Chore } from './chore.js';
import { OLD_COMMANDS } from './housekeeping.sql.js';
import { remove } from './removal.js';

/** Removes the commands that were carried out or refused; the audit trail keeps who asked for what. */
export const commandsChore: Chore = {
  name: 'commands',
  run: (client, { failedMs }, dryRun) =>
    remove(client, { table: 'outbox.outbox_command', old: OLD_COMMANDS, values: [failedMs] }, dryRun),
};
