import type { QueryRunner } from 'typeorm';

const INDEXES = [
  {
    name: 'outbox_delivery_fingerprint',
    on: 'outbox.outbox_delivery (fingerprint, position) where fingerprint is not null',
    comment: 'the events that failed with one error, newest first',
  },
  {
    name: 'outbox_progress_stored_at',
    on: 'outbox.outbox_progress (sink, stored_at) include (accepted)',
    comment: 'the events that a sink accepted in each minute of the last hour',
  },
  {
    name: 'outbox_attempt_time',
    on: 'outbox.outbox_attempt (sink, attempted_at)',
    comment: 'the failed attempts at a sink in each minute of the last hour',
  },
] as const;

/**
 * Adds the indexes of the overview of the outbox. Builds them concurrently and outside a transaction, so that leaders keep writing.
 * Locks: each table in share update exclusive mode, which blocks no reads or writes. Cost: two scans of each table.
 */
export async function createOverviewIndexes(runner: QueryRunner): Promise<void> {
  await dropOverviewIndexes(runner); // a failed concurrent build leaves an invalid index
  for (const { name, on, comment } of INDEXES) {
    await runner.query(`create index concurrently ${name} on ${on}`);
    await runner.query(`comment on index outbox.${name} is '${comment}'`);
  }
}

export async function dropOverviewIndexes(runner: QueryRunner): Promise<void> {
  for (const { name } of INDEXES) await runner.query(`drop index concurrently if exists outbox.${name}`);
}
