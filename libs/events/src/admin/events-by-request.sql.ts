/** The maximum number of events of one request that are examined. */
export const MAX_EVENTS_PER_REQUEST = 1_000;

/**
 * Selects the events that requests published about objects, oldest first, with their status. $1 correlation ids, $2 aggregate types and
 * $3 aggregate ids of the objects, at the same places, $4 organization or null.
 *
 * Index: outbox_log_correlation_id. Locks: none. Cost: the newest MAX_EVENTS_PER_REQUEST rows of each different correlation id, and
 * the status of each event that is found.
 */
export const FIND_EVENTS_BY_REQUEST = `
  with object as (
    select distinct * from unnest($1::uuid[], $2::text[], $3::text[]) as o(correlation_id, aggregate_type, aggregate_id)),
  event as materialized (
    select e.* from (select distinct correlation_id from object) r cross join lateral (
      select e.event_id, e.event_type, e.aggregate_type, e.aggregate_id, e.correlation_id, e.occurred_at, e.position, e.txid
      from outbox.outbox_log e where e.correlation_id = r.correlation_id and ($4::text is null or e.organization_id = $4)
      order by e.position desc limit ${MAX_EVENTS_PER_REQUEST}) e)
  select e.event_id, e.event_type, e.aggregate_type, e.aggregate_id, e.correlation_id, e.occurred_at, s.status
  from event e join object o using (correlation_id, aggregate_type, aggregate_id)
  cross join lateral outbox.state_of(e.event_id, e.event_type, e.position, e.txid) s
  order by e.position`;
