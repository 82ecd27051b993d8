import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { PassResult } from '@pikaia/events';
import type pg from 'pg';
import { connect, type TestDatabase } from '../support/database/database.js';
import { insertEvent } from '../support/outbox/events.js';
import { createApiDatabase } from '../support/system/api-database.js';
import { INVITATION_SECRET } from '../support/system/invitations.js';

const root = resolve(__dirname, '../..');
const { data } = JSON.parse(readFileSync(join(root, 'contracts/member.invited/v1.example.json'), 'utf8')) as { data: object };

/** The command without a worker, as cron runs it. */
describe('npm run outbox -- run-once', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pikaia-run-once-'));
    database = await createApiDatabase();
    owner = await connect(database.ownerUrl);
  });
  afterAll(async () => {
    await owner.end();
    await database.drop();
    rmSync(directory, { recursive: true }); // only the folder from mkdtemp
  });

  async function runOnce(...args: string[]): Promise<{ stdout: string; stderr: string; code?: number }> {
    const env = {
      PATH: process.env['PATH'],
      DATABASE_URL: database.workerUrl,
      PIKAIA_VAR: directory,
      INVITATION_SECRET,
      LOG_LEVEL: 'critical',
    };
    return promisify(execFile)(process.execPath, [join(root, 'scripts/outbox.ts'), 'run-once', ...args], { env }).catch(
      (error: unknown) => error as never,
    );
  }

  it('delivers what is due, prints what it did and ends with status 0', async () => {
    await insertEvent(owner, { type: 'member.invited', data });
    const { stdout, code } = await runOnce();
    expect(code).toBeUndefined();
    expect(stdout).toMatch(/^local\/welcome-email +1 delivered, 0 to retry, 0 failed; nothing more is due$/m);
    expect(readdirSync(join(directory, 'mail'))).toHaveLength(1);
    const { sinks, succeeded } = JSON.parse((await runOnce('--json')).stdout) as PassResult;
    expect(succeeded).toBe(true);
    expect(sinks).toContainEqual({
      sink: 'local/welcome-email',
      outcome: 'done',
      accepted: 0,
      retrying: 0,
      failed: 0,
      error: null,
    });
  });

  it('ends with status 1 if an event becomes a dead letter, and names the last error', async () => {
    await insertEvent(owner, { type: 'member.invited', aggregate: 'b', data: { ...data, email: 'not an address' } });
    let result = await runOnce();
    for (let passes = 1; !result.code && passes < 10; passes++) result = await runOnce(); // the retry may not be due yet
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/1 failed; nothing more is due\n {2}last error: .*PIKAIA_EVENT_UNREADABLE/);
  });

  it('stops at --events and continues in the next pass', async () => {
    for (const aggregate of ['c', 'd', 'e']) await insertEvent(owner, { type: 'member.invited', aggregate, data });
    const { stdout } = await runOnce('--events', '2');
    expect(stdout).toContain('stopped at the limit, more events may be due');
    expect((await runOnce('--seconds', '30')).stdout).toContain('nothing more is due');
    expect(readdirSync(join(directory, 'mail'))).toHaveLength(4);
  });

  it.each([
    [['--events', '0'], '--events must be a positive integer, not "0".'],
    [['--seconds', '1e1'], '--seconds must be a positive integer, not "1e1".'],
    [['--rate', '1'], "Unknown option '--rate'"],
  ])('rejects %j with status 2', async (args, message) => {
    const { code, stderr } = await runOnce(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
