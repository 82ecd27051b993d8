import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { filterOf } from '../../scripts/outbox/arguments.js';
import { answerText, failedText } from '../../scripts/outbox/events.text.js';
import { connect, type TestDatabase } from '../support/database/database.js';
import { createApiDatabase } from '../support/system/api-database.js';
import { insertEvent } from '../support/outbox/events.js';

const script = resolve(__dirname, '../../scripts/outbox.ts');
const BACKDATE_EVENTS = `update outbox.outbox_log set recorded_at = recorded_at - interval '8 days'`;

/** Three deliveries: one is pending, one settled since a few days, and one for longer than the 30 days of WEBHOOK_RETENTION_DAYS. */
const WEBHOOK_DELIVERIES = `
with organization as (
  insert into organizations_organization (id, name, slug, provider_id) values (gen_random_uuid(), 'Purge', 'purge', 'purge') returning id),
endpoint as (
  insert into webhook_endpoint (id, organization_id, url, description, event_types, status, log_position)
  select gen_random_uuid(), id, 'https://example.com/', '', '{*}', 'enabled', 0 from organization returning id, organization_id),
delivery as (
  insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload,
    status, settled_at)
  select gen_random_uuid(), e.id, e.organization_id, 'event', gen_random_uuid(), d.name, 1, gen_random_uuid(), '{}',
    case when d.days is null then 'pending' else 'failed' end, now() - d.days * interval '1 day'
  from endpoint e, (values ('pending', null), ('settled', 29), ('old', 31)) d (name, days) returning id, event_type)
insert into webhook_attempt (delivery_id, number, started_at, duration_ms, error_code)
select id, 1, now(), 1, 'timeout' from delivery where event_type = 'old'`;

it('failed shows each sink at which an event failed, with its attempts and its error', () => {
  const event = {
    event_id: 'e1',
    event_type: 'task.completed',
    aggregate_type: 'task',
    aggregate_id: 't1',
    occurred_at: '2026-01-17T10:00:00.000Z',
    deciding_deliveries: [
      { sink: 'local/praise', attempts: 2, last_error: 'Error: Cannot praise\u001b[2J' },
      { sink: 'webhook', attempts: 1, last_error: null },
    ],
  };
  expect(failedText({ data: [event as never], next_cursor: null })).toContain(
    `
e1  task.completed  task/t1  2026-01-17T10:00:00.000Z
  local/praise: 2 attempts. Error: Cannot praise [2J
  webhook: 1 attempt. No error recorded.
`.slice(1),
  );
});

/** The commands that run without api and worker. */
describe('npm run outbox', () => {
  let database: TestDatabase;

  beforeAll(async () => (database = await createApiDatabase()));
  afterAll(() => database.drop());

  async function outbox(url: string, ...args: string[]): Promise<{ stdout: string; stderr: string; code?: number }> {
    const environment = { PATH: process.env['PATH'], DATABASE_URL: url, LOG_LEVEL: 'critical' };
    return promisify(execFile)(process.execPath, [script, ...args], { env: environment }).catch(
      (error: unknown) => error as never,
    );
  }

  it('purge shows what it would delete, and then deletes it', async () => {
    const owner = await connect(database.ownerUrl);
    await insertEvent(owner);
    await owner.query(BACKDATE_EVENTS);
    await owner.query(WEBHOOK_DELIVERIES);
    expect((await outbox(database.workerUrl, 'purge', '--dry-run')).stdout).toMatch(/outbox_log_\d+ +\d+ bytes would go/);
    expect((await outbox(database.workerUrl, 'purge', '--dry-run')).stdout).toMatch(/webhook_delivery +1 rows would go/);
    expect((await owner.query('select from outbox.outbox_log')).rowCount).toBe(1);
    expect((await outbox(database.workerUrl, 'purge')).stdout).toMatch(/outbox_log_\d+ +\d+ bytes removed/);
    expect((await owner.query('select from outbox.outbox_log')).rowCount).toBe(0);
    const { rows } = await owner.query('select event_type from webhook_delivery order by 1');
    expect(rows).toEqual([{ event_type: 'pending' }, { event_type: 'settled' }]);
    expect((await owner.query('select from webhook_attempt')).rowCount).toBe(0);
    await owner.end();
  });

  it('rebase reports that there is nothing to do', async () => {
    expect((await outbox(database.ownerUrl, 'rebase')).stdout).toContain('there is nothing to do');
  });

  it.each([
    ['commands', '--limit', 'a positive integer'],
    ['replay', '--rate', 'a positive integer'],
    ['pause', '--wait', 'an integer from 0'],
  ])('%s rejects a value of %s that is not written in decimal digits', async (command, option, expected) => {
    for (const value of ['1e1', '0x10', ' 10', '010', '1.0', '+10', '1_0']) {
      const { code, stderr } = await outbox(
        database.ownerUrl,
        command,
        ...(command === 'pause' ? ['local/x'] : []),
        option,
        value,
      );
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining(`${option} must be ${expected} in decimal digits, not "${value}".`),
      ]);
    }
  });

  it.each([
    [['--from', '2026-02-30'], '--from must be a date that exists, not "2026-02-30".'],
    [['--to', '1e3'], '--to must be a time such as 2026-01-31 or 2026-01-31T08:30:00Z, not "1e3".'],
    [
      ['--to', '2026-01-31T08:30:00'],
      '--to must be a time such as 2026-01-31 or 2026-01-31T08:30:00Z, not "2026-01-31T08:30:00".',
    ],
    [['--from', '0000-01-01'], '--from must be a time such as 2026-01-31 or 2026-01-31T08:30:00Z, not "0000-01-01".'],
    [['--from', '2026-02-01', '--to', '2026-01-01'], '--from must not be after --to.'],
  ])('replay rejects the period %j and says why', async (period, message) => {
    const { code, stderr } = await outbox(database.ownerUrl, 'replay', ...period);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it.each([
    [['replay', randomUUID(), '--sink', ''], '--sink is empty. Give it a value, or leave it out.'],
    [['skip', ''], 'An argument is empty.'],
    [['status', '--url', ''], '--url is empty.'],
    [['status', '--token', 'x'], '--token needs the --url of the system that it is for.'],
  ])('rejects %j, which would mean more than its words say', async (args, message) => {
    const { code, stderr } = await outbox(database.ownerUrl, ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('keeps the digits of a time behind the milliseconds', () => {
    const times = { from: '2026-01-31T08:30:00.079001Z', to: '2026-01-31T10:30+01:00' };
    expect(filterOf(times)).toEqual({ from: times.from, to: '2026-01-31T10:30:00+01:00' });
    expect(filterOf({ from: '2026-01-31' })).toEqual({ from: '2026-01-31T00:00:00.000Z' });
  });

  it.each([[['--type', 'member.invited']], [['--status', 'failed']], [['--limit', '1']], [['--rate', '1']]])(
    'replay of one event rejects %j, which applies only to a filter',
    async (options) => {
      const { code, stderr } = await outbox(database.ownerUrl, 'replay', randomUUID(), ...options);
      expect([code, stderr]).toEqual([2, expect.stringContaining('replay takes an event ID or a filter')]);
    },
  );

  it('rejects an option that purge or rebase does not know', async () => {
    for (const command of ['purge', 'rebase']) {
      const { code, stderr } = await outbox(database.ownerUrl, command, '--sink', 'local/x');
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^Unknown option '--sink'/)]);
    }
  });

  it.each(['127.0.0.1:3400', 'localhost:3400', 'nonsense'])('rejects --url %s and shows an example', async (url) => {
    const { code, stderr } = await outbox(database.ownerUrl, 'status', '--url', url, '--token', 't');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`--url must be an address such as http://127.0.0.1:3400, not "${url}".`),
    ]);
  });

  it('rejects an unknown command and lists the known ones', async () => {
    expect(await outbox(database.ownerUrl, 'explode')).toMatchObject({ code: 2, stderr: expect.stringContaining('purge') });
  });
});

describe('the text that npm run outbox prints', () => {
  const event = {
    event_id: 'e1',
    event_type: 'a.b',
    aggregate_type: 'a',
    aggregate_id: '1',
    occurred_at: '2026-01-31T08:30:00.000Z',
    deciding_deliveries: [{ sink: 'local/mailer', attempts: 10, last_error: 'Error: x' }],
  };

  it('names the sink in the hints to retry and skip a dead letter', () => {
    const text = failedText({ data: [event], next_cursor: null } as never);
    expect(text).toContain('  local/mailer: 10 attempts. Error: x');
    expect(text).toContain('npm run outbox -- replay <id> --sink <sink>');
    expect(text).toContain('npm run outbox -- skip <id> --sink <sink>');
    expect(text).toContain('Without --sink');
  });

  it.each([
    [{ outcome: 'done', dry_run: true, matched: 1, dead_letters: 0 }, 'counted only, 1 event matched, 0 dead letters'],
    [
      { outcome: 'done', dry_run: false, matched: 2, sent: 1, skipped: 0, failed: 0, dead_letters: 1, last_error: 'Error: x' },
      '2 events matched, 1 sent, 0 skipped, 0 failed, 1 dead letter, the last error was: Error: x',
    ],
    [{ outcome: 'done', unchanged: true }, 'it already had this state'],
    [{ outcome: 'done', was: 'failed' }, 'the event was failed'],
  ])('renders the result %j in words', (answer, text) => {
    expect(answerText({ sink: 'local/x', status: 'done', answer } as never)).toBe(`local/x: done  ${text}`);
  });
});

describe('the help of a script', () => {
  const run = (name: string, ...args: string[]) =>
    promisify(execFile)(process.execPath, [resolve(__dirname, '../../scripts', name), ...args], {
      env: { PATH: process.env['PATH'] },
    }).catch((error: unknown) => error as never);

  it.each(['outbox.ts', 'explain.ts', 'token.ts', 'db-url.ts', 'first-organization.ts'])(
    'of %s goes to stdout with exit status 0',
    async (name) => {
      const { stdout, stderr } = await run(name, '--help');
      expect([stdout, stderr]).toEqual([expect.stringContaining(name.replace('.ts', '').replace('db-url', 'db:url')), '']);
    },
  );

  it.each(['outbox.ts', 'explain.ts', 'token.ts', 'db-url.ts'])(
    'of %s follows an unknown option, with exit status 2',
    async (name) => {
      const { code, stderr }: { code?: number; stderr: string } = await run(
        name,
        ...(name === 'outbox.ts' ? ['status'] : []),
        '--nonsense',
      );
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^Unknown option '--nonsense'.*\n\n/)]);
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );
});
