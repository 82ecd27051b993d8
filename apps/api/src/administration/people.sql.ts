// The person $1, if the organization $2 knows them; null: any person. Index: primary key, organizations_member_user. Locks: none.
export const FIND_PERSON = `
select u.id, coalesce(u.email_key, u.email) as email, u.name,
  case when u.operator then 'operator' when u.viewer then 'viewer' end as platform_role
from organizations_user u
where u.id = $1 and ($2::uuid is null or exists (select from organizations_member m where m.user_id = u.id and m.organization_id = $2))`;

/** The maximum number of memberships of a person that are shown, and whose activity is read. */
const MAX_MEMBERSHIPS = 100;

// The memberships of the person $1 in the organization $2; null: in all. Index: organizations_member_user. Locks: none.
export const FIND_MEMBERSHIPS = `
select m.id as member_id, m.organization_id, o.name as organization_name, m.email, m.name, m.role, m.status, m.invited_at,
  m.joined_at, m.removed_at
from organizations_member m join organizations_organization o on o.id = m.organization_id
where m.user_id = $1 and ($2::uuid is null or m.organization_id = $2)
order by m.created_at desc, m.id desc limit ${MAX_MEMBERSHIPS}`;
