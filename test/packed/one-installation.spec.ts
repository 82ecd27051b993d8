import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { codeBlocks } from '../docs/code-blocks.js';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';
import { waitFor } from '../support/time/wait-for.js';
import { Installation, versionOf, type Program } from './installation.js';

const SETUP_LIMIT_MS = 240_000; // the registry can be slow
const LIBRARIES = ['core', 'logging', 'database', 'events', 'audit'];
const PACKAGES = [
  ...['pg', '@types/pg', 'typeorm', 'reflect-metadata', 'rxjs'].map((name) => `${name}@${versionOf(name)}`),
  ...['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@11.2.10`),
  '@nestjs/testing@11.2.6',
  '@nestjs/typeorm@11.0.3',
  '@nestjs/config@4.0.4',
  'knex@3.3.0',
  'drizzle-orm@0.45.4',
];
const PROGRAM = 'own-transaction.mts';
const root = resolve(__dirname, '../..');

let installation: Installation; // one for all tests of this file: an installation takes most of their time
let databases: { readonly migrated: TestDatabase; readonly empty: TestDatabase };
let owner: pg.Client;

beforeAll(async () => {
  const [installed, migrated, empty] = await Promise.all([
    Installation.create(LIBRARIES, PACKAGES),
    createDatabase(),
    createDatabase({ empty: true }),
  ]);
  installation = installed;
  databases = { migrated, empty };
  owner = await connect(migrated.ownerUrl);
  await owner.query('create table shop_order (id text primary key); grant insert on shop_order to pikaia_api');
}, SETUP_LIMIT_MS);
afterAll(async () => {
  await owner?.end();
  await Promise.all([installation?.remove(), databases?.migrated.drop(), databases?.empty.drop()]);
});

const read = (path: string): string => readFileSync(join(installation.folder, path), 'utf8');
const check = (options: readonly string[], environment = {}) =>
  installation.command(
    'pikaia-events',
    ['check', '--module', 'contracts.cjs', '--document', 'events.md', ...options],
    environment,
  );

it.each(LIBRARIES)('the package of %s contains its guide and the license', (name) => {
  const contents = (folder: string) => ['README.md', 'LICENSE'].map((file) => readFileSync(join(folder, file), 'utf8'));
  const [guide] = contents(join(root, 'libs', name));
  const [, license] = contents(root);
  expect(contents(join(installation.folder, 'node_modules/@pikaia', name))).toEqual([guide, license]);
});

it('a new application writes and checks the files of its contracts with the command pikaia-events', async () => {
  expect(await check([])).toEqual({ status: 1, output: expect.stringContaining('--write') });
  expect(await check(['--write'])).toEqual({
    status: 0,
    output: expect.stringContaining('Wrote contracts/order.placed/v1.schema.json.'),
  });
  expect(await check([])).toEqual({ status: 0, output: expect.stringContaining('1 contract is compatible') });
  expect(JSON.parse(read('contracts/order.placed/v1.schema.json'))).toMatchObject({
    properties: { total_cents: { type: 'integer', minimum: 0 }, note: { type: 'string' } },
    required: ['total_cents'],
    additionalProperties: false,
  });
  expect(JSON.parse(read('contracts/order.placed/v1.example.json'))).toMatchObject({ data: { total_cents: 42 } });
  expect(read('events.md')).toContain('| `total_cents` | integer, at least 0 | yes | no | The sum of all lines. |');
  expect(read('events.md')).toContain('- Consumers: `billing`');
});

it('the command refuses an incompatible change of the application’s contract', async () => {
  await check(['--write']);
  const refused = await check(['--write'], { NOTE: 'required' });
  expect(refused.status).toBe(1);
  expect(refused.output).toContain('order.placed version 1, note: field-made-required.');
  expect(refused.output).toContain('publish version 2 and add an upcaster');
});

it(
  'the packed audit library declares an action with an event, and its types refuse every other use of the action',
  async () => {
    const code = `import { type Audit, auditAction, Audited, diff } from '@pikaia/audit';
class OrderShipped { number = 1; }
class Order { id = ''; number = 1; }
class Invoice { id = ''; total = 1; }
const shipped = auditAction('order.shipped', { aggregate: Order, changes: 'required', event: OrderShipped, description: 'Shipped.' });
const seen = auditAction('order.seen', { aggregate: 'order', changes: 'none', description: 'Seen.' });
export async function ship(audit: Audit, order: Order, invoice: Invoice) {
  Audited(shipped, seen);
  await audit.record(shipped, order, diff(null, order));
  await audit.record(seen, { type: 'order', id: order.id });
`;
    const refused = [
      `await audit.record('order.shipped', order, diff(null, order));`,
      `await audit.record(shipped, invoice, diff(null, invoice));`,
      `await audit.record(shipped, order);`,
      `await audit.record(seen, { type: 'order', id: '1' }, diff(null, order));`,
      `await audit.record(seen, { type: 'invoice', id: '1' });`,
      `Audited('order.shipped');`,
    ];
    const firstLine = code.split('\n').length;
    const problems = await installation.compile('audited.mts', `${code}${refused.join('\n')}\n}`);
    expect(problems.filter((line) => line.startsWith('audited.mts')).map((line) => Number(/\((\d+),/.exec(line)![1]))).toEqual(
      refused.map((_, index) => firstLine + index),
    );
  },
  SETUP_LIMIT_MS,
);

it(
  'an application publishes and records in the transactions of pg, TypeORM, Knex and Drizzle, and a pool is refused',
  async () => {
    const code = readFileSync(join(__dirname, PROGRAM), 'utf8');
    expect(await installation.compile(PROGRAM, code)).toEqual([]);
    const program = installation.run(PROGRAM, { DATABASE_URL: databases.migrated.apiUrl, LOG_LEVEL: 'critical' });
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

describe('docs/guides/existing-application.md', () => {
  const text = readFileSync(join(root, 'docs/guides/existing-application.md'), 'utf8');
  const steps = text.split(/^## /m).slice(1, 6);
  let program: Program;

  /** Writes the files of a step over those of the application, and compiles them. */
  function write(step: string): Promise<string[]> {
    for (const code of codeBlocks(step, 'ts'))
      writeFileSync(join(installation.folder, 'src', /^\/\/ (\S+)/.exec(code)![1]!), code);
    return installation.build({
      module: 'commonjs',
      moduleResolution: 'node10',
      ignoreDeprecations: '6.0',
      emitDecoratorMetadata: true,
      experimentalDecorators: true,
      useDefineForClassFields: false,
    });
  }

  const environment = () => ({ DATABASE_URL: databases.empty.ownerUrl, PORT: '0' });

  async function migrateWith(name: string): Promise<void> {
    expect(await installation.run(`dist/${name}`, environment()).exited).toBe(0);
  }

  /** Starts the application, places an order and ships it. */
  async function shipAnOrder(): Promise<number[]> {
    program = installation.run('dist/main.js', environment());
    const url = await program.url();
    const headers = { 'x-user': 'ada', 'content-type': 'application/json' };
    const placed = await fetch(`${url}/orders`, { method: 'POST', headers, body: '{"email":"bob@example.com"}' });
    const { id } = (await placed.json()) as { id: string };
    const shipped = await fetch(`${url}/orders/${id}/ship`, { method: 'POST', headers });
    return [placed.status, shipped.status];
  }

  /** Waits until the program has printed the lines that the step shows: level, logger and event. */
  async function expectLinesOf(step: string): Promise<void> {
    const [shown] = codeBlocks(step, 'text');
    const expected = [...shown!.matchAll(/^(\w+) +(\S+) (\S+)/gm)].map(([, ...line]) => line.join(' '));
    expect(expected.length).toBeGreaterThan(1);
    const printed = () => program.lines.map(({ level, logger, event }) => `${level} ${logger} ${event}`);
    await waitFor('the lines that the guide shows', () => expected.every((line) => printed().includes(line)));
    expect(program.lines.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]);
  }

  it(
    'adds logs, events and the audit log to an existing application, step by step, with the output that it shows',
    async () => {
      mkdirSync(join(installation.folder, 'src'));
      cpSync(join(__dirname, 'existing'), join(installation.folder, 'src'), { recursive: true });
      const [logs, events, audit, tests, doctor] = steps as [string, string, string, string, string];
      expect(await write(logs)).toEqual([]);
      await migrateWith('migrate.js');
      expect(await shipAnOrder()).toEqual([201, 201]);
      await expectLinesOf(logs);
      await program.stop();

      expect(await write(events)).toEqual([]);
      await migrateWith('pikaia-migrations.js');
      expect(await shipAnOrder()).toEqual([201, 201]);
      await expectLinesOf(events);
      await program.stop();

      expect(await write(audit)).toEqual([]);
      await migrateWith('migrate.js'); // finds nothing new beside the migrations of the libraries
      await migrateWith('pikaia-migrations.js');
      expect(await shipAnOrder()).toEqual([201, 201]);
      await expectLinesOf(audit);
      const client = await connect(databases.empty.ownerUrl);
      try {
        const [entries, delivered] = codeBlocks(audit, 'sql')[0]!.match(/^select [^;]+/gm)!;
        const diff = { old: { orderStatus: 'open' }, new: { orderStatus: 'shipped' } };
        expect((await client.query(entries!)).rows).toEqual([{ action: 'order.shipped', actor_id: 'ada', diff }]);
        const both = Array.from({ length: 2 }, () => ({ event_type: 'order.shipped', status: 'published' })); // of steps 2 and 3
        await waitFor('the events are delivered', async () =>
          (await client.query(delivered!)).rows.every(({ status }) => status === 'published'),
        );
        expect((await client.query(delivered!)).rows).toEqual(both);
      } finally {
        await client.end();
      }
      const checked = await installation.command('pikaia-doctor', [], environment());
      const words = (output: string) => output.match(/^(ok|warning|failed|skipped) +(?!durability)\S+/gm); // commits of the test server are not durable
      expect(words(checked.output)).toEqual(words(codeBlocks(doctor, 'text')[0]!));
      expect(checked.output).not.toContain('in an unexpected way');
      await program.stop();

      expect(await write(tests)).toEqual([]);
      const { stdout } = await promisify(execFile)(process.execPath, ['--test', 'dist/orders.service.test.js'], {
        cwd: installation.folder,
        env: { PATH: process.env['PATH'], LOG_LEVEL: 'critical' },
      });
      expect(stdout).toMatch(/pass 1\b[^]*fail 0\b/);
    },
    SETUP_LIMIT_MS,
  );
});
