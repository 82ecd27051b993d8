// A separate PostgreSQL for a benchmark, with the schema of Pikaia and one database for each candidate.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrateSchema } from '../apps/api/dist/database/schema.js';
import { startPostgres } from '../scripts/postgres.ts';

// All other settings are defaults: durable commits, autovacuum, checksums. The WAL is large enough that no checkpoint falls into
// only some of the rounds.
const SETTINGS = ['max_connections=100', 'shared_buffers=1GB', 'max_wal_size=16GB', 'checkpoint_timeout=1h'];
const CLOCK_TICKS = 100; // per second, in /proc
const LOGINS = { api: ['pikaia_api', 'api'], worker: ['pikaia_worker', 'worker'] };

export class BenchServer {
  #server;
  #folder;
  #databases = 0;

  static async start() {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-bench-'));
    chmodSync(folder, 0o711);
    const bench = new BenchServer();
    bench.#folder = folder;
    bench.#server = await startPostgres(join(folder, 'data'), { settings: SETTINGS });
    return bench;
  }

  async stop() {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Creates an empty database, or a copy of another database of this server. The other database must have no connections. */
  async createDatabase(template = 'template1') {
    const name = `bench_${++this.#databases}`;
    await query(this.#server.url, `create database ${name} template ${nameOf(template)}`);
    const url = new URL(this.#server.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async dropDatabase(url) {
    await query(this.#server.url, `drop database ${nameOf(url)}`);
  }

  /** Creates a database with the schema of Pikaia, and returns the URLs of its roles. */
  async createOutbox() {
    const owner = await this.createDatabase();
    await migrateSchema(owner, { api: 'api', worker: 'worker' });
    const as = (role) => {
      const url = new URL(owner);
      [url.username, url.password] = LOGINS[role];
      return url.href;
    };
    return { owner, api: as('api'), worker: as('worker') };
  }

  async version() {
    const [{ server_version: version }] = await query(this.#server.url, 'show server_version');
    return version;
  }

  /** Measures the cost of `work` in the database: WAL bytes, dead rows (updated or deleted), CPU time in microseconds. */
  async measure(url, work) {
    const before = await this.#usage(url);
    const result = await work();
    const after = await this.#usage(url);
    return { result, usage: Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]])) };
  }

  async #usage(url) {
    const [row] = await query(
      url,
      `select (pg_current_wal_lsn() - '0/0')::float8 as wal, coalesce(sum(n_tup_upd + n_tup_del), 0)::float8 as dead
       from pg_stat_user_tables`,
    );
    return { walBytes: row.wal, deadRows: row.dead, cpuMicroseconds: this.#cpu() };
  }

  /** The CPU time of all server processes, including those that have ended; NaN if there is no /proc. */
  #cpu() {
    let ticks = 0;
    try {
      for (const name of readdirSync('/proc')) {
        if (!/^\d+$/.test(name)) continue;
        const stat = statOf(name);
        if (!stat) continue;
        if (Number(name) === this.#server.pid) ticks += stat.own + stat.ofEndedChildren;
        else if (stat.parent === this.#server.pid) ticks += stat.own;
      }
    } catch {
      return NaN;
    }
    return (ticks / CLOCK_TICKS) * 1e6;
  }
}

/** Runs one statement on its own connection. */
export async function query(url, sql, values) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function nameOf(url) {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** The parent and the CPU time of a process in clock ticks; nothing if the process has ended. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number); // the program name can contain any character
    const [user, system, userOfChildren, systemOfChildren] = fields.slice(11);
    return { parent: fields[1], own: user + system, ofEndedChildren: userOfChildren + systemOfChildren };
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    return undefined;
  }
}
