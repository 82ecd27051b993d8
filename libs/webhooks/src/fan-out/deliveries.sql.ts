/**
 * Finds the endpoints that get an event. $1 organization, $2 type of the event, $3 its position in the log.
 *
 * Index: webhook_endpoint_organization. Locks: none. Cost: at most the endpoints of one organization.
 */
export const FIND_ENDPOINTS = `
select e.id::text as id from webhook_endpoint e join organizations_organization o on o.id = e.organization_id
where e.organization_id = $1::uuid and e.deleted_at is null and e.status = 'enabled' and o.deleted_at is null
  and e.event_types && array['*', $2]::text[] and e.log_position < $3::bigint
order by e.id`;

/**
 * Inserts a delivery for each endpoint, unless the endpoint has one of the event already. $1 ids of the deliveries, $2 endpoints,
 * $3 organization, $4 event, $5 type, $6 version, $7 correlation id, $8 payload.
 *
 * Index: webhook_delivery_event. Locks: the key of each endpoint. Cost: the payload for each endpoint.
 */
export const INSERT_DELIVERIES = `
insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload)
select id, endpoint_id, $3::uuid, 'event', $4::uuid, $5, $6::int, $7::uuid, $8 from unnest($1::uuid[], $2::uuid[]) n (id, endpoint_id)
on conflict (endpoint_id, event_id) where kind = 'event' do nothing`;

/**
 * Cancels the pending deliveries of an organization. $1 organization.
 *
 * Index: webhook_endpoint_organization, webhook_delivery_pending. Locks: the deliveries. Cost: the pending deliveries.
 */
export const CANCEL_DELIVERIES_OF_ORGANIZATION = `
update webhook_delivery set status = 'canceled', settled_at = clock_timestamp()
where status = 'pending' and endpoint_id in (
  select id from webhook_endpoint where organization_id = $1::uuid and deleted_at is null)`;
