import { PikaiaError } from '@pikaia/core';
import type { RoleNames } from './role-names.js';

// Finds every role that the login role of the session can switch to, and lists the excessive powers among them. It starts from
// session_user, because a session can set current_user back. $1: the role that reads the audit log of all organizations.
const FIND_EXCESSIVE_POWERS = `
  with recursive reach(oid, how) as (
    select oid, rolname::text from pg_roles where rolname = session_user
    union
    select m.roleid, r.how || ' > ' || x.rolname from reach r
      join pg_auth_members m on m.member = r.oid join pg_roles x on x.oid = m.roleid),
  ours(oid) as (select oid from pg_namespace where nspname in ('audit', 'outbox')),
  owners(oid) as (
    select nspowner from pg_namespace where oid in (select oid from ours)
    union select relowner from pg_class where relnamespace in (select oid from ours)
    union select proowner from pg_proc where pronamespace in (select oid from ours)
    union select datdba from pg_database where datname = current_database()),
  found(what) as (
    select case when x.rolsuper then 'superuser' when x.rolbypassrls then 'bypassrls' when x.rolcreaterole then 'createrole'
      when x.oid in (select oid from owners) then 'owner' else 'built-in role' end || ' via ' || how
    from reach join pg_roles x using (oid)
    where x.rolsuper or x.rolbypassrls or x.rolcreaterole or x.oid in (select oid from owners)
      or x.rolname in ('pg_write_all_data', 'pg_read_all_data', 'pg_write_server_files', 'pg_execute_server_program',
        'pg_read_server_files', 'pg_maintain')
    union all
    select 'inherits ' || rolname from pg_roles where rolname = $1 and pg_has_role(session_user, oid, 'usage'))
  select session_user as who, string_agg(distinct what, '; ') as verdict from found`;

interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/**
 * Refuses to run with a role that can change or delete audit records, because the grants would not protect them.
 *
 * @throws PikaiaError `PIKAIA_DATABASE_ROLE_TOO_POWERFUL` with the powers of the role and the membership that gives each one.
 */
export async function refusePowerfulRole(source: Queryable, roles: RoleNames): Promise<void> {
  const rows = (await source.query(FIND_EXCESSIVE_POWERS, [roles.auditOperator])) as { who: string; verdict: string | null }[];
  const { who, verdict } = rows[0]!;
  if (verdict === null) return;
  throw new PikaiaError(
    'PIKAIA_DATABASE_ROLE_TOO_POWERFUL',
    `This process connects as "${who}", which can edit or erase its own audit trail (${verdict}). Use the role ${roles.api} or ${roles.worker} in DATABASE_URL. Use the owner only for migrations. To begin with one role, which protects nothing, pass roles: 'single' to DatabaseModule, migrate() and the migrations.`,
  );
}
