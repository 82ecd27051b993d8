import { PikaiaError } from '@pikaia/core';
import type { RoleNames } from './role-names.js';

// Finds every role that a login role can switch to, and lists the excessive powers among them. By default it starts from
// session_user, because a session can set current_user back. $1: the role that reads the audit log of all organizations. $2: the login
// role, or null.
const FIND_EXCESSIVE_POWERS = `
  with recursive login(name) as (select coalesce($2, session_user)),
  reach(oid, how) as (
    select oid, rolname::text from pg_roles where rolname = (select name from login)
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
    select 'inherits ' || rolname from pg_roles where rolname = $1 and pg_has_role((select name from login), oid, 'usage'))
  select (select name from login) as who, string_agg(distinct what, '; ') as verdict from found`;

interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/** Returns what lets a login role change or delete audit records, with the membership that gives it. Null if nothing does. */
export async function findExcessivePowers(
  source: Queryable,
  auditOperator: string,
  login: string | null = null,
): Promise<{ who: string; verdict: string | null }> {
  const rows = await source.query(FIND_EXCESSIVE_POWERS, [auditOperator, login]);
  return (rows as { who: string; verdict: string | null }[])[0]!;
}

/**
 * Refuses to run with a role that can change or delete audit records, because the grants would not protect them.
 *
 * @throws PikaiaError `PIKAIA_DATABASE_ROLE_TOO_POWERFUL` with the powers of the role and the membership that gives each one.
 */
export async function refusePowerfulRole(source: Queryable, roles: RoleNames): Promise<void> {
  const { who, verdict } = await findExcessivePowers(source, roles.auditOperator);
  if (verdict === null) return;
  throw new PikaiaError(
    'PIKAIA_DATABASE_ROLE_TOO_POWERFUL',
    `This process connects as "${who}", which can edit or erase its own audit trail (${verdict}). Use the role ${roles.api} or ${roles.worker} in DATABASE_URL. Use the owner only for migrations. To begin with one role, which protects nothing, pass roles: 'single' to DatabaseModule, migrate() and the migrations.`,
  );
}
