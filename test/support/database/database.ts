import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

// The set-up of a test run loads this file unbuilt.

/** The passwords of the login roles in test databases. */
export const ROLE_PASSWORDS = { api: 'api', worker: 'worker' };

const CLOSING_MS = 300;

export interface TestDatabase {
  /** The connection string of the owner, a superuser in tests. */
  readonly ownerUrl: string;
  readonly apiUrl: string;
  readonly workerUrl: string;
  drop(): Promise<void>;
}

/** Creates a database for one suite, with the schemas of the libraries or empty. Cost: tens of milliseconds. */
export const createDatabase = ({ empty = false } = {}): Promise<TestDatabase> =>
  copyDatabase(empty ? 'template1' : 'pikaia_libraries');

/** Creates a database that is a copy of a template of the set-up (test/support/jest/global-setup.mjs). */
export async function copyDatabase(template: string): Promise<TestDatabase> {
  const server = process.env['PIKAIA_TEST_SERVER']!;
  const name = `test_${randomBytes(6).toString('hex')}`;
  await executeSql(server, `create database ${name} template ${template}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { ...connectionStrings(url.href), drop: () => dropDatabase(server, name) };
}

/** Ends the open connections. Those that are closing get time first, because one that is ended meanwhile reports an error to nobody. */
async function dropDatabase(server: string, name: string): Promise<void> {
  await withConnection(server, async (client) => {
    const isUsed = `select 1 from pg_stat_activity where datname = '${name}'`;
    for (const deadline = performance.now() + CLOSING_MS; performance.now() < deadline; await pause(10)) {
      if ((await client.query(isUsed)).rowCount === 0) break;
    }
    await client.query(`drop database if exists ${name} with (force)`);
  });
}

/** The connection strings of the owner and of the two login roles. */
export function connectionStrings(ownerUrl: string): Omit<TestDatabase, 'drop'> {
  const as = (username: string, password: string): string => Object.assign(new URL(ownerUrl), { username, password }).href;
  return {
    ownerUrl,
    apiUrl: as('pikaia_api', ROLE_PASSWORDS.api),
    workerUrl: as('pikaia_worker', ROLE_PASSWORDS.worker),
  };
}

/** Opens a connection. A connection that breaks rejects its running statement and reports no other error. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs `work` with a connection, which it closes afterwards. */
export async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Executes one or more statements on a new connection. */
export const executeSql = async (url: string, sql: string): Promise<void> =>
  withConnection(url, async (client) => void (await client.query(sql)));
