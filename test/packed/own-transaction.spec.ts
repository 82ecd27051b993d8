import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';
import { Installation, versionOf } from './installation.js';

const SETUP_LIMIT_MS = 240_000; // the registry can be slow
const PROGRAM = 'own-transaction.mts';
const PACKAGES = [
  ...['@nestjs/common', '@nestjs/core', 'pg', '@types/pg'].map((name) => `${name}@${versionOf(name)}`),
  '@nestjs/testing@12.1.1',
  'knex@3.3.0',
  'drizzle-orm@0.45.4',
];

let installation: Installation;
let database: TestDatabase;
let owner: pg.Client;

beforeAll(async () => {
  [installation, database] = await Promise.all([
    Installation.create(['core', 'logging', 'database', 'events', 'audit'], PACKAGES),
    createDatabase(),
  ]);
  owner = await connect(database.ownerUrl);
  await owner.query('create table shop_order (id text primary key); grant insert on shop_order to pikaia_api');
}, SETUP_LIMIT_MS);
afterAll(async () => {
  await owner?.end();
  await Promise.all([installation?.remove(), database?.drop()]);
});

it(
  'an application publishes and records in the transactions of pg, TypeORM, Knex and Drizzle, and a pool is refused',
  async () => {
    const code = readFileSync(join(__dirname, PROGRAM), 'utf8');
    expect(await installation.compile(PROGRAM, code)).toEqual([]);
    const program = installation.run(PROGRAM, { DATABASE_URL: database.apiUrl, LOG_LEVEL: 'critical' });
    expect(await program.exited).toBe(0);
    expect(program.lines).toEqual([{ refused: 'PIKAIA_EVENT_OUTSIDE_TRANSACTION' }]);
    const idsOf = async (sql: string): Promise<unknown[]> => (await owner.query<{ id: string }>(sql)).rows.map(({ id }) => id);
    const committed = ['drizzle-1', 'knex-1', 'pg-1', 'typeorm-1'];
    expect(await idsOf('select aggregate_id as id from outbox.outbox_log order by 1')).toEqual(committed);
    expect(await idsOf('select aggregate_id as id from audit.record order by 1')).toEqual(committed);
    // The pool commits each statement, so its order exists, and the refused event does not.
    expect(await idsOf('select id from shop_order order by 1')).toEqual([...committed, 'pool-1'].sort());
  },
  SETUP_LIMIT_MS,
);

it('the helpers for tests work with node:test and a testing module of Nest', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', 'unit.test.mjs'], {
    cwd: installation.folder,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'critical' },
  });
  expect(stdout).toMatch(/pass 2\b[^]*fail 0\b/);
});
