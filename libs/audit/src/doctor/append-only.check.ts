import { failed, passed, warning, type Check, type CheckContext, type CheckResult } from '@pikaia/database/doctor';

const INSUFFICIENT_PRIVILEGE = '42501';

// Privileges by which a role could change entries. Locks: none. $1: roles.
const CHANGING_PRIVILEGES = `
  select role, format('%s on %s', privilege, t) as name, format('revoke %s on %s from %I', privilege, t, role) as cure
  from unnest($1::text[]) role, unnest(array['audit.record', 'audit.personal']) t, unnest(array['update', 'delete', 'truncate']) privilege
  where has_table_privilege(role, t, privilege) or (privilege = 'update' and has_any_column_privilege(role, t, 'update'))
  order by role, t, privilege`;

// Protections of the tables that are missing or switched off. Locks: none.
const MISSING_PROTECTIONS = `
  select case when g.name is null then format('row-level security of %s', c.oid::regclass) else format('trigger %s of %s', g.name, c.oid::regclass) end as name,
    case when g.name is null then format('alter table %s enable row level security', c.oid::regclass)
      else format('alter table %s enable always trigger %s', c.oid::regclass, g.name) end as cure
  from pg_class c cross join (values ('refuse_row'), ('refuse_truncate'), (null)) g (name)
  where c.oid in ('audit.record'::regclass, 'audit.personal'::regclass)
    and case when g.name is null then not c.relrowsecurity
      else not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = g.name and t.tgenabled = 'A') end
  order by 1`;

// Roles that the session can become, the role of the session first. PostgreSQL 15 has no privilege SET. $1: roles.
const REACHABLE = `
  select role from unnest($1::text[]) role
  where pg_has_role(current_user, role, case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end)
  order by role <> current_user`;

// EXPLAIN checks the privileges as the statement does, and does not execute it. A read-only transaction accepts it.
const ATTEMPTS = [`update audit.record set action = ''`, 'delete from audit.record', 'delete from audit.personal'];

interface Finding {
  readonly name: string;
  readonly cure: string;
}

/** Checks that no process can change or delete what the audit log contains. */
export const appendOnlyCheck: Check = {
  name: 'append-only',
  async run(context) {
    const { query, processRoles } = context;
    const results: CheckResult[] = [];
    const privileges = await query<Finding & { role: string }>(CHANGING_PRIVILEGES, [processRoles]);
    for (const role of new Set(privileges.map((privilege) => privilege.role))) {
      const own = privileges.filter((privilege) => privilege.role === role);
      results.push(
        failed(
          `The role ${role} may change the audit log: ${own.map(({ name }) => name).join(', ')}.`,
          `As the owner of the audit tables, run: ${own.map(({ cure }) => cure).join('; ')}.`,
        ),
      );
    }
    const missing = await query<Finding>(MISSING_PROTECTIONS);
    if (missing.length) {
      results.push(
        failed(
          `The audit log has lost a protection: ${missing.map(({ name }) => name).join(', ')}.`,
          `As the owner of the audit tables, run in one transaction: set local audit.migrating = 'yes'; ${missing.map(({ cure }) => cure).join('; ')}.`,
        ),
      );
    }
    const attempted: string[] = [];
    if (!privileges.length) {
      for (const { role } of await query<{ role: string }>(REACHABLE, [processRoles])) {
        const accepted = await attemptAs(context, role);
        if (accepted.length) {
          results.push(
            failed(
              `The server accepts as ${role}: ${accepted.join('; ')}.`,
              `Take the privilege from ${role}, from PUBLIC and from the roles that ${role} is a member of.`,
            ),
          );
        } else attempted.push(role);
      }
    }
    if (results.length) return results;
    if (!processRoles.length) {
      return warning(
        'The triggers refuse changes, but the one role of the processes owns the tables and could drop the triggers.',
        'Create the roles before production: docs/guides/migrations.md, one role.',
      );
    }
    const how = attempted.length ? `the server refused update and delete as ${attempted.join(' and ')}` : 'by their privileges';
    return passed(`${processRoles.join(' and ')} cannot change or delete entries (${how}).`);
  },
};

/** Returns the statements that the role may execute. */
async function attemptAs({ query }: CheckContext, role: string): Promise<string[]> {
  const accepted: string[] = [];
  for (const statement of ATTEMPTS) {
    await query('savepoint attempt');
    try {
      await query(`select set_config('role', $1, true)`, [role]);
      await query(`explain ${statement}`);
      accepted.push(statement);
    } catch (error) {
      if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
    }
    await query('rollback to savepoint attempt'); // also resets the role
  }
  return accepted;
}
