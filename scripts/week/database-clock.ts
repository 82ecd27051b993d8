import type { Client } from 'pg';

const CLOCK = 'week.clock_timestamp()';
const SYSTEM_CLOCK = 'clock_timestamp()';

// Functions are found in this schema first, so statements of new sessions get the time of the story from clock_timestamp() and now().
const CREATE_CLOCK = `
create schema week;
create table week.clock (shift interval not null);
insert into week.clock values ('0');
create function week.clock_timestamp() returns timestamptz language sql volatile
  begin atomic select pg_catalog.clock_timestamp() + shift from week.clock; end;
create function week.now() returns timestamptz language sql volatile begin atomic select week.clock_timestamp(); end;
grant usage on schema week to public;
grant select on week.clock to public;
do $$ begin execute format('alter database %I set search_path = week, pg_catalog, public', current_database()); end $$`;

const DROP_CLOCK = `
drop schema week cascade;
do $$ begin execute format('alter database %I reset search_path', current_database()); end $$`;

// A commit does not wait for the disk meanwhile: a week that a crash interrupts is repeated. `alter system` also reaches the sessions
// that the processes have opened.
const SKIP_DISK = ['alter system set synchronous_commit = off', 'select pg_reload_conf()'];
export const USE_DISK = ['alter system reset synchronous_commit', 'select pg_reload_conf()'];

/** The tables with columns whose default contains a text, and the defaults. $1 text. */
const DEFAULTS = `
select format('%I.%I', n.nspname, r.relname) as "table",
  json_object_agg(format('%I', a.attname), pg_get_expr(d.adbin, d.adrelid)) as defaults
from pg_attrdef d join pg_class r on r.oid = d.adrelid join pg_namespace n on n.oid = r.relnamespace
join pg_attribute a on a.attrelid = r.oid and a.attnum = d.adnum
where not r.relispartition and n.nspname not in ('pg_catalog', 'information_schema')
  and strpos(pg_get_expr(d.adbin, d.adrelid), $1) > 0
group by n.nspname, r.relname`;

/**
 * Lets the database show the time of the story. Column defaults are bound to pg_catalog.clock_timestamp() when a table is created, so
 * no setting of a session changes them: they are altered, and altered back. This is only for a database that the starting script has
 * just created and that nobody else uses. Rows are inserted by the real services with their real statements; none is rewritten.
 */
export class DatabaseClock {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async install(): Promise<void> {
    for (const statement of SKIP_DISK) await this.#client.query(statement);
    await this.#client.query(CREATE_CLOCK);
    await this.#replaceDefaults(SYSTEM_CLOCK, CLOCK);
  }

  async setShift(milliseconds: number): Promise<void> {
    await this.#client.query(`update week.clock set shift = $1 * interval '1 ms'`, [milliseconds]);
  }

  /** Restores the defaults before it drops the function that they call. */
  async remove(): Promise<void> {
    await this.#replaceDefaults(CLOCK, SYSTEM_CLOCK);
    await this.#client.query(DROP_CLOCK);
    for (const statement of USE_DISK) await this.#client.query(statement);
  }

  /** One short transaction a table, because each waits for the statements that use the table. */
  async #replaceDefaults(from: string, to: string): Promise<void> {
    await this.#client.query('set search_path = public'); // so that an expression names the schema of the clock
    const { rows } = await this.#client.query<{ table: string; defaults: Record<string, string> }>(DEFAULTS, [from]);
    for (const { table, defaults } of rows) {
      const changes = Object.entries(defaults).map(
        ([column, expression]) => `alter column ${column} set default ${expression.replaceAll(from, to)}`,
      );
      // The guard of the audit log accepts DDL only from a transaction that declares itself.
      await this.#client.query(`begin; set local audit.migrating = 'yes'; alter table ${table} ${changes.join(', ')}; commit`);
    }
  }
}
