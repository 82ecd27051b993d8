// The commands that use the database instead of the API.
import { loadSettings } from '@pikaia/core';
import { Housekeeping, OutboxSettings, rebaseOutbox, retentionOf } from '@pikaia/events';
import { webhookDeliveriesTask, WebhookRetentionSettings } from '@pikaia/webhooks';
import { parseCommandLine } from '../start/command-line.ts';
import { databaseUrl } from './database-url.ts';

/** `purge [--dry-run]`: runs the hourly housekeeping now, with the worker's database role. */
export async function purge(args: string[]): Promise<void> {
  const { values } = parseCommandLine({ args, options: { 'dry-run': { type: 'boolean', default: false } } });
  const dryRun = values['dry-run'];
  const [settings, { webhookRetentionDays }] = loadSettings([OutboxSettings, WebhookRetentionSettings], process.env);
  const housekeeping = new Housekeeping({
    url: databaseUrl('worker'),
    retention: retentionOf(settings),
    furtherTasks: [webhookDeliveriesTask(webhookRetentionDays)],
  });
  const results = await housekeeping.runOnce({ dryRun });
  if (!results) {
    console.log('A worker is running housekeeping at the moment.');
    return;
  }
  for (const { what, removed, unit, kept } of results) {
    const amount = `${removed} ${unit} ${dryRun ? 'would go' : 'removed'}`;
    console.log(`${what.replace('outbox.', '').padEnd(18)} ${kept === undefined ? amount : `kept: ${kept}`}`);
  }
  console.log('The leader of each sink removes old deliveries within its housekeeping interval.');
}

/** `rebase`: run it after a restore from a dump, as the owner of the schema, with api and worker stopped. */
export async function rebase(args: string[]): Promise<void> {
  parseCommandLine({ args });
  const { sinks, events } = await rebaseOutbox(databaseUrl('owner'));
  if (sinks.length)
    console.log(`Rebased ${sinks.join(', ')}: ${events} events have new transaction IDs. You can start api and worker.`);
  else console.log('All cursors belong to this cluster: there is nothing to do.');
}
