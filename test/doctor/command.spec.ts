import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DoctorReport } from '../../libs/database/src/doctor/doctor.js';
import { DoctorFixture } from '../support/doctor/doctor.fixture.js';
import { CHILD_ENVIRONMENT } from '../support/jest/child.environment.js';
import { useFixture } from '../support/jest/use-fixture.js';

const root = resolve(__dirname, '../..');
const COMMAND = join(root, 'libs/database/dist/doctor/pikaia-doctor.js');

const doctor = useFixture(new DoctorFixture());
let folder: string;

beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'pikaia-doctor-'))));
afterAll(() => rmSync(folder, { recursive: true })); // only the folder from mkdtemp

function run(args: readonly string[], environment: NodeJS.ProcessEnv = { DATABASE_URL: doctor.database.ownerUrl }) {
  const env = { ...CHILD_ENVIRONMENT, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { cwd: root, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

it('prints aligned lines with a cure below each warning, and ends with status 0 if nothing failed', async () => {
  await doctor.register('shop');
  const { status, stdout, stderr } = run([]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [results, counts] = stdout.trimEnd().split('\n\n') as [string, string];
  const lines = results.split('\n');
  expect(lines[0]).toMatch(/^ok {7}connection {6}The role \w+ is connected to the database \w+ at 127\.0\.0\.1:\d+\.$/);
  const column = lines[0]!.indexOf('The role');
  for (const line of lines) expect(line.slice(column - 2, column + 1)).toMatch(/^ {2}\S/);
  const at = lines.findIndex((line) => line.includes('No worker leads the sink shop'));
  expect(lines[at]).toMatch(/^warning {2}sinks /);
  expect(lines[at + 1]!.trim()).toMatch(/^Cure: Start the worker/);
  expect(counts).toMatch(/^2 warnings, \d+ ok, \d+ skipped$/);
});

it('ends with status 1 if a check failed, and prints the results as JSON', async () => {
  await doctor.plant('grant delete on audit.record to pikaia_api');
  const { status, stdout, stderr } = run(['--json']);
  const { results, ...report } = JSON.parse(stdout) as DoctorReport;
  expect({ status, stderr, report }).toEqual({
    status: 1,
    stderr: '',
    report: {
      status: 'failed',
      database: { database: doctor.databaseName, address: expect.any(String), role: expect.any(String) },
    },
  });
  expect(results.filter((result) => result.status === 'failed')).toEqual([
    {
      check: 'append-only',
      status: 'failed',
      detail: 'The role pikaia_api may change the audit log: delete on audit.record.',
      cure: 'As the owner of the audit tables, run: revoke delete on audit.record from pikaia_api.',
    },
  ]);
  expect(results.filter(({ check }) => check === 'connection')).toEqual([
    { check: 'connection', status: 'ok', detail: expect.any(String) },
  ]);
});

it('reads settings from a file, and checks the migrations and consumers that modules export', () => {
  const [settings, module] = [join(folder, 'settings.env'), join(folder, 'shop.cjs')];
  writeFileSync(settings, `DATABASE_URL=${doctor.database.ownerUrl}\n`);
  writeFileSync(
    module,
    `const { Consumer } = require(${JSON.stringify(join(root, 'node_modules/@pikaia/events'))});
     class CreateShop1764000000009 { up() {} down() {} }
     class Billing {}
     Consumer('billing', { from: 'now' })(Billing);
     module.exports = { migrations: [CreateShop1764000000009], Billing, limit: 3, nothing: null };`,
  );
  const { status, stdout } = run(['--settings', settings, '--module', module], {});
  expect(status).toBe(1);
  expect(stdout).toContain('These migrations have not run: CreateShop1764000000009.');
  expect(stdout).toContain('The consumer billing is declared, and no worker has registered it.');
});

it('says in one line that the database cannot be reached, without a stack', () => {
  const { status, stdout, stderr } = run([], { DATABASE_URL: 'postgres://shop:secret@127.0.0.1:1/shop' });
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout).toMatch(
    /^failed {3}connection {2}The database cannot be reached: .*ECONNREFUSED.*\n +Cure: [^\n]+\n\n1 failed\n$/,
  );
  expect(stdout).not.toContain('secret');
});

it.each([[['--unknown']], [['--json', 'more']], [['--module', '']], [['--module', 'absent.js']], [['--settings', 'absent.env']]])(
  'refuses the arguments %j with status 2',
  (args) => {
    const { status, stdout, stderr } = run(args, {});
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^PIKAIA_ARGUMENTS_INVALID: /);
    expect(stderr).not.toMatch(/^ {4}at /m);
  },
);

it('explains itself with --help', () => {
  const { status, stdout } = run(['--help'], {});
  expect(status).toBe(0);
  for (const text of ['--json', '--settings', '--module', 'Exit status: 0']) expect(stdout).toContain(text);
});
