/**
 * Stores the role of a member, unless the row has one of the same or a later event. $1 member, $2 organization, $3 role, null for a
 * removed member, $4 sequence, $5 time of the event.
 *
 * Index: primary key. Locks: the row of the member. Cost: one row.
 */
export const STORE_ROLE = `
insert into permissions_cache as c (member_id, organization_id, role, sequence, changed_at)
values ($1, $2, $3, $4, $5)
on conflict (member_id) do update
set role = excluded.role, sequence = excluded.sequence, changed_at = excluded.changed_at
where excluded.sequence > c.sequence`;
