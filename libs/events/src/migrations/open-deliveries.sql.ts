import type { QueryRunner } from 'typeorm';

/**
 * Adds the index that counts the open deliveries of a sink by status. Builds it concurrently and outside a transaction, so that
 * leaders keep writing deliveries meanwhile. Locks: outbox_delivery in share update exclusive mode, which blocks no reads or writes.
 * Cost: two scans of the table. Waits for the transactions that were open when it began, such as a dump.
 */
export async function createOpenDeliveryIndex(runner: QueryRunner): Promise<void> {
  await dropOpenDeliveryIndex(runner); // a failed concurrent build leaves an invalid index
  await runner.query(
    `create index concurrently outbox_delivery_open on outbox.outbox_delivery (sink, status, position)
     where status in ('retrying', 'waiting', 'failed')`,
  );
  await runner.query(
    `comment on index outbox.outbox_delivery_open is 'how many deliveries of a sink are in each open state, and its dead letters by position'`,
  );
}

export async function dropOpenDeliveryIndex(runner: QueryRunner): Promise<void> {
  await runner.query('drop index concurrently if exists outbox.outbox_delivery_open');
}
