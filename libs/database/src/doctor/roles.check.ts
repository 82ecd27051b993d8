import { findExcessivePowers } from '../roles/role-power.js';
import { defaultRoles } from '../roles/role-names.js';
import { SINGLE_ROLE, SINGLE_ROLE_CURE } from '../roles/single-role.js';
import { failed, passed, skipped, warning, type Check, type CheckContext, type CheckResult } from './check.js';

/** The schemas of the libraries that the database has. Index: pg_namespace by name. Locks: none. */
export async function findSchemas({ query }: Pick<CheckContext, 'query'>): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select nspname::text as name from pg_namespace where nspname in ('outbox', 'audit') order by 1`,
  );
  return rows.map(({ name }) => name);
}

// The migrations grant USAGE on the schemas to the roles of the processes and to that of operators, which has no login. A single role
// owns the schemas. Locks: none.
const GRANTEES = `
  select distinct r.rolname::text as role, r.rolcanlogin as is_login
  from pg_namespace n cross join lateral aclexplode(n.nspacl) a join pg_roles r on r.oid = a.grantee
  where n.nspname in ('outbox', 'audit') and a.privilege_type = 'USAGE' and a.grantee <> n.nspowner order by 1`;

interface Grantee {
  readonly role: string;
  readonly is_login: boolean;
}

/** The login roles that may use the schemas of the libraries, except the owners of the schemas. */
export const findProcessRoles = async ({ query }: Pick<CheckContext, 'query'>): Promise<string[]> =>
  (await query<Grantee>(GRANTEES)).filter(({ is_login }) => is_login).map(({ role }) => role);

export const rolesCheck: Check = {
  name: 'roles',
  async run(context) {
    const schemas = await findSchemas(context);
    if (!schemas.length) return skipped('The database has no schema of the libraries.');
    const [user] = await context.query<{ role: string; is_entitled: boolean }>(
      `select current_user::text as role, bool_or(has_schema_privilege(name, 'usage')) as is_entitled from unnest($1::text[]) name`,
      [schemas],
    );
    const roles = context.processRoles;
    const places = `schema${schemas.length > 1 ? 's' : ''} ${schemas.join(' and ')}`;
    if (!user!.is_entitled) {
      return failed(
        `The role ${user!.role} may not use the ${places}, so no process can run with it.`,
        roles.length
          ? `Name one of these roles in DATABASE_URL: ${roles.join(', ')}.`
          : 'Name the owner of the schema in DATABASE_URL.',
      );
    }
    if (!roles.length) return warning(SINGLE_ROLE, SINGLE_ROLE_CURE);
    const powerful = await findPowerfulRoles(context);
    if (powerful.length) return powerful;
    return passed(`${roles.join(' and ')} may use the ${places}, and cannot change what the grants protect.`);
  },
};

/** Process roles that the grants do not limit. */
async function findPowerfulRoles(context: CheckContext): Promise<CheckResult[]> {
  const operator = (await context.query<Grantee>(GRANTEES)).find(({ is_login }) => !is_login)?.role ?? defaultRoles.auditOperator;
  const results: CheckResult[] = [];
  for (const role of context.processRoles) {
    const { verdict } = await findExcessivePowers(context, operator, role);
    if (verdict === null) continue;
    results.push(
      failed(
        `The role ${role} can edit or erase the audit trail (${verdict}).`,
        'Take the attribute or the membership from the role. DatabaseModule refuses to start with it.',
      ),
    );
  }
  return results;
}
