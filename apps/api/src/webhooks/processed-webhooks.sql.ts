/**
 * Stores the receipt of an event, unless it exists. $1 source, $2 event id, $3 type.
 *
 * Index: primary key. Locks: a concurrent insert of the same event waits until this transaction ends. Cost: one row.
 */
export const STORE_RECEIPT = `
insert into processed_webhook (source, event_id, event_type) values ($1, $2, $3)
on conflict (source, event_id) do nothing returning event_id`;

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
