/**
 * `waiting` has the endpoints that have pending deliveries. It reads one row of the index for each of them, however many deliveries
 * they have.
 */
const WAITING = `
recursive waiting as (
  (select endpoint_id from webhook_delivery where status = 'pending' order by endpoint_id limit 1)
  union all
  select (select d.endpoint_id from webhook_delivery d where d.status = 'pending' and d.endpoint_id > w.endpoint_id
    order by d.endpoint_id limit 1)
  from waiting w where w.endpoint_id is not null)`;

const IS_ACTIVE = `e.status = 'enabled' and e.deleted_at is null and o.deleted_at is null`;

/**
 * Claims deliveries that are due. A claimed delivery is due again when its claim ends, so that of a killed worker is attempted by
 * another one. The organizations take turns. $1 number, $2 worker, $3 milliseconds of a claim, $4 and $5 endpoint and organization of
 * each delivery that this worker attempts already, $6 and $7 the most for each endpoint and organization, $8 failures in a row after
 * which an endpoint gets one attempt at a time.
 *
 * Index: webhook_delivery_pending. Locks: the claimed deliveries, without waiting. Cost: a few rows for each endpoint with pending
 * deliveries.
 */
export const CLAIM = `
with ${WAITING},
candidates as (
  select d.id, d.next_attempt_at, e.organization_id,
    row_number() over (partition by e.organization_id order by d.next_attempt_at) +
      (select count(*) from unnest($5::uuid[]) busy (id) where busy.id = e.organization_id) as place
  from waiting w
  join webhook_endpoint e on e.id = w.endpoint_id
  join organizations_organization o on o.id = e.organization_id
  cross join lateral (
    select p.id, p.next_attempt_at from webhook_delivery p
    where p.endpoint_id = e.id and p.status = 'pending' and p.next_attempt_at <= now()
    order by p.next_attempt_at
    limit greatest(0, case when e.consecutive_failures >= $8::int then 1 else $6::int end -
      (select count(*) from unnest($4::uuid[]) busy (id) where busy.id = e.id))
    for update skip locked) d
  where ${IS_ACTIVE} and (e.paused_until is null or e.paused_until <= now())),
chosen as (select id from candidates where place <= $7::int order by place, next_attempt_at limit $1::int),
claimed as (
  update webhook_delivery d
  set claimed_by = $2, claimed_until = now() + $3::float8 * interval '1 ms', next_attempt_at = now() + $3::float8 * interval '1 ms'
  from chosen where d.id = chosen.id
  returning d.*)
select d.id::text as "id", d.endpoint_id::text as "endpointId", d.organization_id::text as "organizationId", d.kind as "kind",
  d.event_id::text as "eventId", d.event_type as "eventType", d.correlation_id::text as "correlationId", d.payload as "payload",
  d.attempts as "attempts", e.url as "url", e.consecutive_failures as "endpointFailures",
  (select json_agg(json_build_object('keyId', s.key_id, 'ciphertext', s.ciphertext) order by s.created_at desc)
    from webhook_secret s where s.endpoint_id = e.id and (s.expires_at is null or s.expires_at > now())) as "secrets"
from claimed d join webhook_endpoint e on e.id = d.endpoint_id`;

/**
 * Records the result of an attempt, unless the claim was lost. A delivery that was canceled meanwhile stays so if the attempt failed.
 * The endpoint stays unchanged if its URL is another one now, because the attempt says nothing about the new receiver.
 * $1 delivery, $2 worker, $3 earlier attempts, $4 success, $5 status of the response, $6 and $7 code and text of the failure,
 * $8 start of the response, $9 milliseconds of the attempt, $10 milliseconds until the next attempt, null after the last one,
 * $11 milliseconds for which the endpoint is paused, $12 milliseconds and $13 failures in a row after which a failing endpoint is
 * overdue, $14 endpoint, $15 the URL of the attempt.
 *
 * Index: primary keys. Locks: the delivery; the endpoint after a failure, and after the first success. Cost: three rows.
 */
export const RECORD_ATTEMPT = `
with locked as materialized (
  select id from webhook_endpoint where id = $14::uuid and url = $15 and (not $4 or failing_since is not null)
  for no key update),
delivery as (
  update webhook_delivery
  set attempts = attempts + 1, claimed_by = null, claimed_until = null,
    status = case when $4 then 'delivered' when status = 'canceled' then status when $10::float8 is null then 'failed' else 'pending' end,
    settled_at = case when status = 'canceled' and not $4 then settled_at when $4 or $10::float8 is null then clock_timestamp() end,
    next_attempt_at = case when $4 or $10::float8 is null then next_attempt_at else clock_timestamp() + $10::float8 * interval '1 ms' end
  where id = $1::uuid and claimed_by = $2 and attempts = $3::int and status in ('pending', 'canceled')
    and (select count(*) from locked) >= 0 -- locks the endpoint first, as its deletion does
  returning id, endpoint_id, attempts, status),
attempt as (
  insert into webhook_attempt (delivery_id, number, started_at, duration_ms, response_status, error_code, error, response_body)
  select id, attempts, clock_timestamp() - $9::float8 * interval '1 ms', $9::float8::int, $5::int, $6, $7, $8 from delivery),
endpoint as (
  update webhook_endpoint e
  set failing_since = case when $4 then null else coalesce(e.failing_since, clock_timestamp()) end,
    consecutive_failures = case when $4 then 0 else e.consecutive_failures + 1 end,
    paused_until = case when $4 or $11::float8 = 0 then null else clock_timestamp() + $11::float8 * interval '1 ms' end
  from delivery d, locked where e.id = d.endpoint_id and e.id = locked.id
  returning e.failing_since <= clock_timestamp() - $12::float8 * interval '1 ms' and e.consecutive_failures >= $13::int as overdue)
select d.status as "status", coalesce(e.overdue, false) as "isEndpointOverdue" from delivery d left join endpoint e on true`;

/**
 * Returns claimed deliveries without a result. $1 deliveries, $2 worker, $3 milliseconds until the next attempt.
 *
 * Index: primary key. Locks: the deliveries. Cost: the deliveries.
 */
export const RELEASE = `
update webhook_delivery
set claimed_by = null, claimed_until = null, next_attempt_at = clock_timestamp() + $3::float8 * interval '1 ms'
where id = any($1::uuid[]) and claimed_by = $2 and status = 'pending'`;

/**
 * Settles deliveries that are due although their endpoint is not active: as failed if it is disabled, as canceled if it or its
 * organization was deleted. $1 number for each endpoint.
 *
 * Index: webhook_delivery_pending. Locks: the deliveries, without waiting. Cost: the settled deliveries, and one row for each endpoint
 * with pending deliveries.
 */
export const SETTLE_INACTIVE = `
with ${WAITING},
inactive as (
  select d.id, case when e.deleted_at is null and o.deleted_at is null then 'failed' else 'canceled' end as status
  from waiting w
  join webhook_endpoint e on e.id = w.endpoint_id
  join organizations_organization o on o.id = e.organization_id
  cross join lateral (
    select p.id from webhook_delivery p
    where p.endpoint_id = e.id and p.status = 'pending' and p.next_attempt_at <= now()
    order by p.next_attempt_at limit $1::int for update skip locked) d
  where not (${IS_ACTIVE})),
settled as (
  update webhook_delivery d set status = inactive.status, settled_at = clock_timestamp(), claimed_by = null, claimed_until = null
  from inactive where d.id = inactive.id returning d.id)
select count(*)::int as settled from settled`;

/**
 * Counts the deliveries that could be attempted now, up to $1, and measures how long the oldest of them has been due. It omits paused
 * endpoints, and endpoints that a worker attempts at the moment: their deliveries wait for the receiver, not for a worker.
 *
 * Index: webhook_delivery_pending. Locks: none. Cost: the counted deliveries, and one row for each endpoint with pending deliveries.
 */
export const MEASURE_DUE = `
with ${WAITING}
select count(*)::int as due, coalesce(extract(epoch from now() - min(d.next_attempt_at)), 0)::float8 as seconds
from (
  select p.next_attempt_at from waiting w
  join webhook_endpoint e on e.id = w.endpoint_id
  join organizations_organization o on o.id = e.organization_id
  cross join lateral (
    select p.next_attempt_at from webhook_delivery p
    where p.endpoint_id = e.id and p.status = 'pending' and p.next_attempt_at <= now()
    order by p.next_attempt_at limit $1::int) p
  where ${IS_ACTIVE} and (e.paused_until is null or e.paused_until <= now())
    and not exists (select from webhook_delivery c where c.endpoint_id = e.id and c.status = 'pending' and c.claimed_until > now())
  limit $1::int) d`;
