/**
 * Stores the receipt of an event, unless a final one exists. $1 source, $2 event id, $3 type.
 *
 * Index: primary key. Locks: a concurrent insert of the same event waits until this transaction ends. Cost: one row.
 */
export const STORE_RECEIPT = `
insert into processed_webhook (source, event_id, event_type) values ($1, $2, $3)
on conflict (source, event_id) do update set is_final = true, processed_at = clock_timestamp()
where not processed_webhook.is_final returning event_id`;

/**
 * Lets another delivery of an event be processed. $1 source, $2 event id.
 *
 * Index: primary key. Locks: none that the transaction does not have. Cost: one row.
 */
export const REOPEN_RECEIPT = 'update processed_webhook set is_final = false where source = $1 and event_id = $2';

/**
 * Removes some expired receipts of a source. $1 source, $2 retention in milliseconds, $3 maximum number of rows.
 *
 * Index: processed_webhook_age. Locks: the removed rows; skips those that another transaction removes. Cost: at most $3 rows.
 */
export const REMOVE_EXPIRED = `
delete from processed_webhook where (source, event_id) in (
  select source, event_id from processed_webhook
  where source = $1 and processed_at < clock_timestamp() - $2::bigint * interval '1 ms'
  order by processed_at limit $3 for update skip locked)`;
