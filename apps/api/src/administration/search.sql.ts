/** The maximum number of results of each kind. */
export const MAX_RESULTS = 20;

const PEOPLE = `
select m.id as member_id, m.user_id, m.organization_id, coalesce(m.name, m.email, u.email_key, u.email) as label
from organizations_member m join organizations_user u on u.id = m.user_id`;

/**
 * Finds the members with the member or user id $1, or with the canonical address $3. $2 organization, or null for all. Index: primary
 * key, organizations_user_email_key, organizations_member_user. Locks: none.
 */
export const FIND_PEOPLE = `
select * from (
  ${PEOPLE} where m.id = $1::uuid
  union
  ${PEOPLE} where m.user_id = $1::uuid
  union
  ${PEOPLE} where u.email_key = $3) found
where $2::uuid is null or organization_id = $2
order by member_id desc limit ${MAX_RESULTS + 1}`;

/** Finds the operators and viewers with the id $1 or the canonical address $2. Index: primary key, organizations_user_email_key. Locks: none. */
export const FIND_STAFF = `
select id as user_id, coalesce(name, email_key, email) as label from organizations_user
where (operator or viewer) and (id = $1::uuid or email_key = $2)`;

// The names that begin with the text $1. The range instead of `like` uses the index in every plan.
const named = (column: string): string => `lower(${column}) ~>=~ lower($1) and lower(${column}) ~<~ (lower($1) || U&'\\+10FFFF')`;

/** Finds the members of the organization $2 whose names begin with $1. Index: organizations_member_name. Locks: none. */
export const FIND_NAMED_MEMBERS = `
${PEOPLE} where m.organization_id = $2 and m.name is not null and ${named('m.name')} order by lower(m.name) using ~<~, m.id limit ${MAX_RESULTS + 1}`;

/** Finds the members of all organizations whose names begin with $1. Index: organizations_member_any_name. Locks: none. */
export const FIND_NAMED_MEMBERS_OF_ALL = `
${PEOPLE} where m.name is not null and ${named('m.name')} order by lower(m.name) using ~<~, m.id limit ${MAX_RESULTS + 1}`;

/** Finds the organization with the id $1, if it is $2 or $2 is null. Index: primary key. Locks: none. */
export const FIND_ORGANIZATION = `
select id, name as label from organizations_organization where id = $1::uuid and ($2::uuid is null or id = $2)`;

/** Finds the organizations whose slug is $1 or whose names begin with it. Index: organizations_organization_slug and _name. Locks: none. */
export const FIND_NAMED_ORGANIZATIONS = `
select id, label from (
  select id, name as label from organizations_organization where slug = lower($1)
  union
  (select id, name from organizations_organization where ${named('name')} order by lower(name) using ~<~ limit ${MAX_RESULTS + 1})) found
order by label, id limit ${MAX_RESULTS + 1}`;

/**
 * Finds the webhook delivery with the id $1, and those of the event $1, whose correlation id is $2, or null if the log has no such event.
 * $3 organization, or null for all. `is_shown`: the endpoint is not deleted. Index: primary key, webhook_delivery_correlation. Locks: none.
 */
export const FIND_WEBHOOK_DELIVERIES = `
select d.id, d.organization_id, d.event_type, d.correlation_id, e.deleted_at is null as is_shown from (
  select id, endpoint_id, organization_id, event_type, correlation_id from webhook_delivery where id = $1::uuid
  union all
  select id, endpoint_id, organization_id, event_type, correlation_id from webhook_delivery
  where correlation_id = $2::uuid and event_id = $1::uuid) d
join webhook_endpoint e on e.id = d.endpoint_id
where $3::uuid is null or d.organization_id = $3
order by d.id desc limit ${MAX_RESULTS + 1}`;
