import { COUNT_EXPIRED } from '../delivery/expiry.sql.js';
import type { HousekeepingTask } from './housekeeping.task.js';

const SINKS = 'select name, ordering from outbox.outbox_sink order by name';

/**
 * Counts the deliveries that can be removed, in a dry run only. The leader of each sink removes them, because only it writes
 * deliveries.
 */
export const deliveriesTask: HousekeepingTask = {
  name: 'deliveries',
  async run(client, { failedMs }, dryRun) {
    if (!dryRun) return [];
    const sinks = await client.query<{ name: string; ordering: string }>(SINKS);
    let removed = 0;
    for (const { name, ordering } of sinks.rows) {
      const { rows } = await client.query<{ expired: number }>(COUNT_EXPIRED, [name, failedMs, ordering === 'aggregate']);
      removed += rows[0]!.expired;
    }
    return [{ what: 'outbox.outbox_delivery', removed, unit: 'rows' }];
  },
};
