import type { ClientBase } from 'pg';

export interface Relation {
  oid: number;
  schema: string;
  name: string;
  /** `r` table, `p` partitioned table, `v` view, `S` sequence. */
  kind: 'r' | 'p' | 'v' | 'S';
  comment: string | null;
  secured: boolean;
  partitioned: string | null;
  parent: number | null;
  partitions: number;
}

interface RelationPart {
  relation: number;
  name: string;
}

/** The content of docs/schema.md: everything outside the system schemas. */
export interface Catalog {
  relations: Relation[];
  columns: (RelationPart & { type: string; required: boolean; default: string | null; comment: string | null })[];
  indexes: (RelationPart & { definition: string; comment: string | null; is_primary: boolean })[];
  constraints: (RelationPart & { definition: string })[];
  triggers: (RelationPart & { definition: string; enabled: string })[];
  policies: (RelationPart & { command: string; using: string | null; checked: string | null; roles: string[] })[];
  grants: { relation: number; role: string; privilege: string; columns: string[] | null }[];
  functions: {
    schema: string;
    name: string;
    arguments: string;
    result: string;
    definer: boolean;
    comment: string | null;
    callers: string[];
  }[];
  eventTriggers: { name: string; event: string; function: string; enabled: string }[];
}

// $1: the tables of the migration tool, which are left out.
const RELATIONS = `
  select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind, obj_description(c.oid, 'pg_class') as comment,
    c.relrowsecurity as secured, pg_get_partkeydef(c.oid) as partitioned,
    parent.inhparent as parent,
    (select count(*)::int from pg_inherits i where i.inhparent = c.oid) as partitions
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_inherits parent on parent.inhrelid = c.oid
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'v', 'S')
    and not (n.nspname = 'public' and c.relname = any ($1))
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i' and c.relkind = 'S')
  order by n.nspname, c.relkind = 'v', c.relkind = 'S', c.relname`;

const COLUMNS = `
  select a.attrelid as relation, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
    pg_get_expr(d.adbin, d.adrelid) as default, col_description(a.attrelid, a.attnum) as comment
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum`;

const INDEXES = `
  select i.indrelid as relation, c.relname as name, pg_get_indexdef(i.indexrelid) as definition,
    obj_description(c.oid, 'pg_class') as comment, i.indisprimary as is_primary
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where not exists (select from pg_inherits p where p.inhrelid = i.indexrelid)  -- only the index of the parent is listed
  order by c.relname`;

const CONSTRAINTS = `
  select conrelid as relation, conname as name, pg_get_constraintdef(oid) as definition
  from pg_constraint where contype in ('c', 'f', 'u', 'x') and conrelid <> 0 order by conname`;

const TRIGGERS = `
  select tgrelid as relation, tgname as name, pg_get_triggerdef(oid) as definition, tgenabled as enabled
  from pg_trigger where not tgisinternal order by tgname`;

const POLICIES = `
  select polrelid as relation, polname as name, polcmd as command, pg_get_expr(polqual, polrelid) as using,
    pg_get_expr(polwithcheck, polrelid) as checked,
    array(select pg_get_userbyid(r) from unnest(polroles) r order by 1)::text[] as roles
  from pg_policy order by polname`;

const GRANTS = `
  with granted as (
    select c.oid as relation, null as column, x.grantee, x.privilege_type from pg_class c, aclexplode(c.relacl) x
      where x.grantee <> c.relowner
    union all
    select a.attrelid, a.attname::text, x.grantee, x.privilege_type
      from pg_attribute a join pg_class c on c.oid = a.attrelid, aclexplode(a.attacl) x where x.grantee <> c.relowner)
  select relation, case grantee when 0 then 'public' else pg_get_userbyid(grantee) end as role, lower(privilege_type) as privilege,
    array_agg(g.column order by attnum) filter (where g.column is not null) as columns
  from granted g left join pg_attribute a on a.attrelid = relation and a.attname = g.column
  group by 1, 2, 3 order by 2, 3`;

const FUNCTIONS = `
  select n.nspname as schema, p.proname as name, pg_get_function_identity_arguments(p.oid) as arguments,
    pg_get_function_result(p.oid) as result, p.prosecdef as definer, obj_description(p.oid, 'pg_proc') as comment,
    array(select distinct case x.grantee when 0 then 'public' else pg_get_userbyid(x.grantee) end
      from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee <> p.proowner order by 1)::text[] as callers
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2, 3`;

const EVENT_TRIGGERS = `
  select evtname as name, evtevent as event, evtfoid::regproc::text as function, evtenabled as enabled
  from pg_event_trigger order by evtname`;

/** Reads the catalog of a migrated database. Locks: none. Cost: a few milliseconds. */
export async function readCatalog(client: ClientBase): Promise<Catalog> {
  const read = async <T>(text: string, parameters?: unknown[]): Promise<T[]> =>
    (await client.query(text, parameters)).rows as T[];
  return {
    relations: await read(RELATIONS, [['migrations', 'migrations_id_seq']]),
    columns: await read(COLUMNS),
    indexes: await read(INDEXES),
    constraints: await read(CONSTRAINTS),
    triggers: await read(TRIGGERS),
    policies: await read(POLICIES),
    grants: await read(GRANTS),
    functions: await read(FUNCTIONS),
    eventTriggers: await read(EVENT_TRIGGERS),
  };
}
