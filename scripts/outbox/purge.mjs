// npm run outbox -- purge [--dry-run]: runs the hourly housekeeping now, with the worker's database role.
import { loadSettings } from '@pikaia/core';
import { Housekeeping, OutboxSettings, retentionOf } from '@pikaia/events';
import { parseArgs } from 'node:util';
import { databaseUrl } from './database-url.mjs';

export async function run(args) {
  const { values } = parseArgs({ args, options: { 'dry-run': { type: 'boolean', default: false } } });
  const dryRun = values['dry-run'];
  const [settings] = loadSettings([OutboxSettings], process.env);
  const housekeeping = new Housekeeping({ url: databaseUrl('worker'), retention: retentionOf(settings) });
  const findings = await housekeeping.runOnce({ dryRun });
  if (!findings) {
    console.log('A worker is running housekeeping at the moment.');
    return;
  }
  for (const { what, removed, unit, kept } of findings) {
    const amount = `${removed} ${unit} ${dryRun ? 'would go' : 'removed'}`;
    console.log(`${what.replace('outbox.', '').padEnd(18)} ${kept === undefined ? amount : `kept: ${kept}`}`);
  }
  console.log('The leader of each sink removes old deliveries within its housekeeping interval.');
}
