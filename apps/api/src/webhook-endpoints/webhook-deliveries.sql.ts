const COLUMNS = `d.id, d.endpoint_id, d.kind, d.event_id, d.event_type, d.schema_version as version, d.status,
  d.attempts as attempt_count,
  case when d.status = 'pending' then d.next_attempt_at end as next_attempt_at, d.created_at, d.settled_at, d.redelivered_as`;

/**
 * Lists the deliveries of an endpoint, newest first. $1 endpoint, $2 status or null, $3 type or null, $4 the delivery before the page or
 * null, $5 limit.
 *
 * Index: webhook_delivery_endpoint, webhook_delivery_failed. Locks: none. Cost: the rows that the filter skips.
 */
export const LIST_DELIVERIES = `
select ${COLUMNS}, a.response_status, a.error_code from webhook_delivery d
left join lateral (
  select response_status, error_code from webhook_attempt where delivery_id = d.id order by number desc limit 1) a on true
where d.endpoint_id = $1::uuid and ($2::text is null or d.status = $2) and ($3::text is null or d.event_type = $3)
  and ($4::uuid is null or d.id < $4::uuid)
order by d.id desc limit $5::int`;

/**
 * Finds a delivery of an organization, whose endpoint is not deleted. $1 delivery, $2 organization.
 *
 * Index: primary key. Locks: none.
 */
export const FIND_DELIVERY = `
select ${COLUMNS}, d.payload, e.status as endpoint_status,
  exists (select from webhook_delivery r where r.id = d.redelivered_as and r.status = 'pending') as is_repeated_now
from webhook_delivery d join webhook_endpoint e on e.id = d.endpoint_id
where d.id = $1::uuid and d.organization_id = $2::uuid and e.deleted_at is null`;

/** Lists the attempts of a delivery. Index: primary key. Locks: none. $1 delivery. */
export const LIST_ATTEMPTS = `
select number, started_at, duration_ms, response_status, error_code, error, response_body
from webhook_attempt where delivery_id = $1::uuid order by number`;

/** Inserts a test. Index: primary key. Locks: the key of the endpoint. $1 id, $2 endpoint, $3 organization, $4 event, $5 type, $6 correlation id, $7 payload. */
export const INSERT_TEST = `
insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload)
values ($1::uuid, $2::uuid, $3::uuid, 'test', $4::uuid, $5, 1, $6::uuid, $7)`;

/**
 * Finds the oldest failed deliveries of an endpoint that were not redelivered, except tests. $1 endpoint, $2 the earliest time, $3 limit.
 *
 * Index: webhook_delivery_failed. Locks: none. Cost: the failed deliveries of the endpoint.
 */
export const FIND_FAILED = `
select id::text as id from webhook_delivery
where endpoint_id = $1::uuid and status = 'failed' and kind <> 'test' and redelivered_as is null and created_at >= $2::timestamptz
order by id limit $3::int`;

/**
 * Repeats deliveries, with the ids of their events. $1 ids of the new deliveries, $2 the deliveries.
 *
 * Index: primary key. Locks: the repeated deliveries. Cost: their payloads.
 */
export const INSERT_REDELIVERIES = `
with repeated as (
  update webhook_delivery d set redelivered_as = n.id from unnest($1::uuid[], $2::uuid[]) n (id, delivery_id)
  where d.id = n.delivery_id returning d.*)
insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload)
select redelivered_as, endpoint_id, organization_id, 'redelivery', event_id, event_type, schema_version, correlation_id, payload
from repeated`;

/**
 * Cancels the pending deliveries of an endpoint. $1 endpoint.
 *
 * Index: webhook_delivery_pending. Locks: the deliveries. Cost: the pending deliveries.
 */
export const CANCEL_DELIVERIES = `
update webhook_delivery set status = 'canceled', settled_at = clock_timestamp() where endpoint_id = $1::uuid and status = 'pending'`;

/**
 * Ends the pause after failed attempts, so that pending deliveries are attempted at once. $1 endpoint.
 *
 * Index: primary key. Locks: the endpoint.
 */
export const RESUME_ENDPOINT = `
update webhook_endpoint set consecutive_failures = 0, paused_until = null where id = $1::uuid`;
