import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ServiceProcess } from '../support/system/service.process.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const CAROL = 'carol@example.com'; // a member of acme
const GINA = 'gina@example.com'; // an admin of globex
const OLGA = 'olga@example.com'; // an operator
const CONSUMER = 'welcome-email';
const SINK = `local/${CONSUMER}`;

interface Command {
  readonly id: string;
  readonly status: string;
  readonly sinks: readonly {
    readonly sink: string;
    readonly status: string;
    readonly answer: Readonly<Record<string, unknown>>;
  }[];
}

let system: System;

const post = (path: string, as: string, body?: object) =>
  system.request('POST', path, { as, ...(body !== undefined && { body }) });
const get = (path: string, as = OLGA) => system.request('GET', path, { as });
const commandOf = ({ body }: ApiResponse) => body as unknown as Command;
const sinkOf = async (name = SINK) =>
  ((await get('/admin/outbox')).body['sinks'] as Record<string, unknown>[]).find((sink) => sink['name'] === name)!;
const answerOf = ({ sinks }: Command) => sinks.find(({ sink }) => sink === SINK)!.answer;
const sentEmails = () => readdirSync(join(system.directory, 'mail')).filter((file) => file.endsWith('.eml')).length;

/** Returns the results of a command after every sink has responded. */
async function waitForCommand(answer: ApiResponse, timeoutMs?: number): Promise<Command> {
  expect(answer.status).toBe(202);
  const { id } = commandOf(answer);
  const readCommand = async () => {
    const seen = commandOf(await get(`/admin/outbox/commands/${id}`));
    return !['pending', 'running'].includes(seen.status) && seen;
  };
  return waitFor('the result of the command', readCommand, timeoutMs);
}

async function invite(as: string): Promise<{ event: string; member: string }> {
  const email = `${randomUUID()}@example.com`;
  const { body } = await post('/members/invitations', as, { email, role: 'member' });
  const found = await get(`/admin/events?aggregate_id=${String(body['id'])}&event_type=member.invited`, as);
  return { event: (found.body['data'] as { event_id: string }[])[0]!.event_id, member: String(body['id']) };
}

/** Runs `npm run outbox` as an operator and returns its output. */
async function outbox(...typed: string[]): Promise<string> {
  const reach = ['--url', `http://127.0.0.1:${system.api.port}`, '--token', await system.token(OLGA)];
  const { stdout } = await promisify(execFile)(process.execPath, [
    resolve(__dirname, '../../scripts/outbox.ts'),
    ...typed,
    ...reach,
  ]);
  return stdout;
}

const deliveriesBy = (worker: ServiceProcess) =>
  worker.linesOf('event_delivered').filter(({ consumer }) => consumer === CONSUMER);
const statusOf = async (event: string) => (await get(`/admin/events/${event}`)).body['status'];

beforeAll(async () => {
  system = await System.start({ environment: { OUTBOX_POLL_INTERVAL_MS: '200' } });
});
afterAll(() => system.stop());

describe('GET /admin/outbox', () => {
  it('shows each sink with its leader, backlog and lag, and the slots', async () => {
    await invite(ALICE);
    await pollUntil(async () => (await sinkOf())['backlog'] === 0);
    expect(await sinkOf()).toMatchObject({
      state: 'active',
      leader: { worker: expect.stringContaining(':'), since: expect.any(String) },
      backlog: 0,
      lag_ms: null,
      accepted_last_minute: 1,
      failing_since: null,
      failed: 0,
      waiting: 0,
    });
    const slots = (await get('/admin/outbox')).body['slots'] as { newest: string | null; not_handed_over_to: string[] }[];
    expect(slots).toHaveLength(12);
    const used = slots.filter(({ newest }) => newest !== null);
    expect(used.map(({ not_handed_over_to: sinks }) => sinks.includes(SINK))).toEqual([false]);
  });

  it('shows every time in UTC with milliseconds, and no secret from a stored error', async () => {
    const time = '2026-01-01T08:30:00.123Z';
    await system.query(
      `insert into outbox.outbox_sink (name, registered_at, failing_since, last_error, leader_failing_since, leader_error)
       values ('local/stored', $1, $1, $2, $1, $2)`,
      [time, 'refused: password=canary'],
    );
    try {
      const hidden = 'refused: password=[redacted]';
      expect(await sinkOf('local/stored')).toMatchObject({
        registered_at: time,
        failing_since: time,
        last_error: hidden,
        leader_failing_since: time,
        leader_error: hidden,
      });
    } finally {
      await system.query(`delete from outbox.outbox_sink where name = 'local/stored'`);
    }
  });

  it('is limited to operators', async () => {
    for (const as of [ALICE, CAROL]) {
      expect((await get('/admin/outbox', as)).status).toBe(403);
      expect((await post(`/admin/outbox/sinks/${SINK}/pause`, as)).status).toBe(403);
    }
  });
});

describe('pausing and resuming a sink', () => {
  it('stops and restarts the emails, gets 202 and is audited', async () => {
    const asked = await post(`/admin/outbox/sinks/${SINK}/pause`, OLGA);
    expect(asked.headers.get('location')).toBe(`/api/v1/admin/outbox/commands/${commandOf(asked).id}`);
    expect(await waitForCommand(asked)).toMatchObject({ status: 'done', sinks: [{ sink: SINK, answer: { outcome: 'done' } }] });
    const before = sentEmails();
    const { event } = await invite(ALICE);
    expect(await sinkOf()).toMatchObject({ state: 'paused', leader: { worker: expect.any(String) }, backlog: 1 });
    expect((await sinkOf())['lag_ms']).toBeGreaterThan(0);
    const health = await system.request('GET', '/health/ready', { port: system.worker.port });
    expect(health.body).toMatchObject({
      status: 'ok',
      sinks: expect.arrayContaining([expect.objectContaining({ sink: SINK, progress: 'paused' })]),
    });
    expect([sentEmails(), await statusOf(event)]).toEqual([before, 'pending']);
    await waitForCommand(await post(`/admin/outbox/sinks/${encodeURIComponent(SINK)}/resume`, OLGA)); // an encoded slash works as well
    await pollUntil(async () => (await statusOf(event)) === 'published');
    expect(sentEmails()).toBe(before + 1);
    const audit = await get(`/admin/audit-logs?aggregate_type=sink&aggregate_id=${encodeURIComponent(SINK)}`);
    expect(audit.body['data']).toMatchObject([
      { action: 'sink.resume_requested', actor_email: OLGA },
      { action: 'sink.pause_requested', actor_email: OLGA, diff: { new: { id: commandOf(asked).id, sinks: [SINK] } } },
    ]);
    expect(system.api.linesOf('audit_record_missing')).toEqual([]);
  });

  it('works with npm run outbox, and so does a replay of one event and of all matching events', async () => {
    const { event, member } = await invite(ALICE);
    await pollUntil(async () => (await statusOf(event)) === 'published');
    expect(await outbox('pause', SINK)).toBe(`${SINK}: done\n`);
    expect(await outbox('resume', SINK)).toBe(`${SINK}: done\n`);
    expect(await outbox('replay', event)).toMatch(/local\/welcome-email: done .*\b1 sent\b/);
    expect(await outbox('replay', '--aggregate', `member/${member}`)).toMatch(
      /local\/welcome-email: done .*\b1 event matched\b[^]*Run the same command with --yes/,
    );
    expect(await outbox('replay', '--correlation', randomUUID())).toMatch(
      /0 events matched[^]*\nNo event matches\. Nothing was sent\.\n$/,
    );
  });

  it('is refused for a sink that does not exist', async () => {
    const answer = await post('/admin/outbox/sinks/local/wellcome-email/pause', OLGA);
    expect(answer).toMatchObject({ status: 404, body: { detail: expect.stringContaining('no sink local/wellcome-email') } });
  });
});

describe('a replay', () => {
  const sent = () => system.worker.linesOf('welcome_email_sent').length;

  it('sends one event again for an admin of its own organization, and for no other admin', async () => {
    const { event } = await invite(ALICE);
    await pollUntil(async () => (await statusOf(event)) === 'published');
    const [before, shown] = [sent(), (await get(`/admin/events/${event}`, ALICE)).body];
    for (const as of [GINA, CAROL])
      expect((await post(`/admin/events/${event}/replay`, as)).status).toBe(as === GINA ? 404 : 403);
    const command = await waitForCommand(await post(`/admin/events/${event}/replay`, ALICE, { sink: SINK }));
    expect(command).toMatchObject({ status: 'done', sinks: [{ sink: SINK, answer: { matched: 1, sent: 1 } }] });
    await pollUntil(() => sent() === before + 1);
    const after = (await get(`/admin/events/${event}`, ALICE)).body;
    expect([after['status'], after['published_at']]).toEqual([shown['status'], shown['published_at']]);
    const receipts = after['receipts'] as { consumer: string }[];
    expect(receipts.filter(({ consumer }) => consumer === CONSUMER)).toHaveLength(2);
    expect((await get(`/admin/outbox/commands/${command.id}`, ALICE)).status).toBe(200);
    expect((await get(`/admin/outbox/commands/${command.id}`, GINA)).status).toBe(404);
    expect(deliveriesBy(system.worker).at(-1)).toMatchObject({ replayed: command.id, 'event.id': event });
  });

  it("counts all matching events before it sends them, and limits an admin to the admin's organization", async () => {
    await invite(GINA);
    const filter = { event_type: 'member.invited', from: '2020-01-01T00:00:00Z' };
    await pollUntil(async () => (await sinkOf())['backlog'] === 0);
    const before = sent();
    const counted = await waitForCommand(await post('/admin/events/replay', GINA, { filter }));
    expect(answerOf(counted)).toMatchObject({ dry_run: true, matched: 1 });
    const all = await waitForCommand(await post('/admin/events/replay', OLGA, { filter }));
    expect(Number(answerOf(all)['matched'])).toBeGreaterThan(2);
    expect(sent()).toBe(before);
    const two = await waitForCommand(await post('/admin/events/replay', OLGA, { filter, dry_run: false, limit: 2, rate: 100 }));
    expect(answerOf(two)).toMatchObject({ matched: 2, sent: 2 });
    await pollUntil(() => sent() === before + 2);
  });

  it.each([
    ['no filter', {}, 'filter'],
    ['an empty filter', { filter: {} }, 'filter'],
    ['an unknown filter field', { filter: { event: 'x' } }, 'filter.event'],
    ['a time without a zone', { filter: { from: '2026-01-01T00:00:00' } }, 'filter.from'],
    ['a rate of zero', { filter: { status: 'failed' }, rate: 0 }, 'rate'],
    ['null for dry_run', { filter: { event_type: 'member.invited' }, dry_run: null }, 'dry_run'],
    ['null for limit', { filter: { status: 'failed' }, limit: null }, 'limit'],
    ['null for rate', { filter: { status: 'failed' }, rate: null }, 'rate'],
    ['null for sink', { filter: { status: 'failed' }, sink: null }, 'sink'],
    [
      'null for the only condition, which would otherwise select every event',
      { filter: { event_type: null } },
      'filter.event_type',
    ],
  ])('is refused with %s', async (_, body, field) => {
    const answer = await post('/admin/events/replay', OLGA, body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  });

  it('continues after the worker is killed in the middle, and sends every email once more with the same id', async () => {
    await Promise.all(Array.from({ length: 15 }, () => invite(ALICE)));
    await pollUntil(async () => (await sinkOf())['backlog'] === 0);
    const asked = await post('/admin/events/replay', OLGA, {
      filter: { event_type: 'member.invited', organization_id: String((await get('/me', ALICE)).body['organization_id']) },
      dry_run: false,
      rate: 20,
    });
    const { worker } = system;
    await pollUntil(() => deliveriesBy(worker).filter((line) => line['replayed'] === commandOf(asked).id).length >= 5);
    await worker.kill();
    await system.startWorker();
    const answer = answerOf(await waitForCommand(asked, 60_000)); // a claim that the killed worker leaves open expires after 40 s
    expect(answer['sent']).toBe(answer['matched']);
    const [{ receipts, events }] = (await system.query<{ receipts: number; events: number }>(
      `select count(*)::int as receipts, count(distinct event_id)::int as events from outbox.consumer_receipt
       where replay = $1 and consumer = $2 and state = 'done'`,
      [commandOf(asked).id, CONSUMER],
    )) as [{ receipts: number; events: number }];
    expect([receipts, events]).toEqual([answer['matched'], answer['matched']]);
  });
});

describe('a dead letter', () => {
  it('is found by its error, is skipped or retried, and then releases the events behind it', async () => {
    const { event, member } = await invite(ALICE);
    await pollUntil(async () => (await statusOf(event)) === 'published');
    await system.worker.stop();
    await system.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
         aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
       select $1, event_id, position, 'failed', 10, 'Error: mailbox unavailable', event_type, schema_version, aggregate_type,
         aggregate_id, organization_id, correlation_id, occurred_at, payload from outbox.outbox_log where event_id = $2`,
      [SINK, event],
    );
    await system.query('delete from outbox.consumer_receipt where event_id = $1', [event]);
    await system.startWorker();
    const found = await get('/admin/events?error=MAILBOX&from=2020-01-01T00:00:00Z');
    expect(found.body['data']).toMatchObject([{ event_id: event, status: 'failed', aggregate_id: member }]);
    expect((await get('/admin/events?error=nothing+of+it')).body['data']).toEqual([]);
    expect((await get('/admin/events?error=MAILBOX&to=2020-01-01T00:00:00Z')).body['data']).toEqual([]);
    expect((await post(`/admin/events/${event}/skip`, ALICE)).status).toBe(403);
    const command = await waitForCommand(
      await post('/admin/events/replay', ALICE, { filter: { error: 'mailbox' }, dry_run: false }),
    );
    expect(answerOf(command)).toMatchObject({ matched: 1, dead_letters: 1, sent: 0 });
    await pollUntil(async () => (await statusOf(event)) === 'published');
    const late = await post(`/admin/events/${event}/skip`, OLGA);
    expect(late).toMatchObject({ status: 409, body: { detail: expect.stringContaining('holds nothing back') } });
  });
});

describe('an event type that no worker handles any more', () => {
  it('waits, is named when the worker starts, and is dropped with an audit entry', async () => {
    const type = 'member.invited';
    await system.query(
      `insert into outbox.outbox_sink_type (sink, event_type, since_position, since_snapshot, confirmed, worker)
       select $1, 'organization.updated', 0, pg_current_snapshot(), true, 'newer'`,
      [SINK],
    );
    await system.worker.stop();
    const worker = await system.startWorker();
    const unhandled = worker.linesOf('sink_types_unhandled').filter(({ sink }) => sink === SINK);
    expect(unhandled).toMatchObject([{ event_types: ['organization.updated'] }]);
    expect((await sinkOf())['event_types']).toEqual([type, 'organization.updated']);
    const renamed = await system.request('PATCH', '/organization', { as: ALICE, body: { name: `Acme ${randomUUID()}` } });
    expect(renamed.status).toBe(200);
    const trail = `/admin/events?event_type=organization.updated&status=retrying`;
    const [event] = await waitFor('the event', async () => {
      const { data } = (await get(trail)).body as { data: { event_id: string }[] };
      return data.length ? data : undefined;
    });
    await expect(outbox('drop-type', SINK, '--type', type)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('handles member.invited'),
    });
    await expect(outbox('drop-type', SINK)).rejects.toMatchObject({ code: 2 });
    expect(await outbox('drop-type', SINK, '--type', 'organization.updated')).toContain(`${SINK}: done  1 skipped`);
    await pollUntil(async () => (await statusOf(event!.event_id)) === 'skipped');
    expect((await sinkOf())['event_types']).toEqual([type]);
    const entries = await get('/admin/audit-logs?action=sink.drop_type_requested');
    expect(entries.body['data']).toHaveLength(2);
    expect((await post(`/admin/outbox/sinks/${SINK}/drop-type`, ALICE, { event_type: type })).status).toBe(403);
    expect((await post(`/admin/outbox/sinks/${SINK}/drop-type`, OLGA, {})).status).toBe(422);
  });
});

describe('a sink without a leader', () => {
  it('is shown and reported, and can be retired', async () => {
    await system.query(`insert into outbox.outbox_sink (name) values ('local/renamed')`);
    await system.query(
      `insert into outbox.outbox_progress (sink, number, position, snapshot, worker, stored_at)
       values ('local/renamed', 0, 0, pg_current_snapshot(), 'test', clock_timestamp() - interval '1 hour')`,
    );
    await system.worker.stop();
    const worker = await system.startWorker({ OUTBOX_LEADER_TIMEOUT_MS: '4000', OUTBOX_LEADERLESS_ALARM_MS: '4000' });
    await pollUntil(() => worker.linesOf('sink_without_leader').some((line) => line['sink'] === 'local/renamed'));
    expect(await sinkOf('local/renamed')).toMatchObject({ leader: null, state: 'active', abandoned: true });
    expect(worker.linesOf('sink_abandoned').map(({ sink }) => sink)).toEqual(['local/renamed']);
    const status = await outbox('status');
    expect(status).toMatch(/local\/renamed: no running worker has it.*npm run outbox -- retire local\/renamed --yes/);
    expect(status).not.toContain(`${SINK}: no `);
    const advancing = await system.request('GET', '/health/advancing', { port: worker.port });
    expect(advancing).toMatchObject({ status: 503, body: { status: 'not_advancing', leaderless: [{ sink: 'local/renamed' }] } });
    expect((await system.request('GET', '/health/ready', { port: worker.port })).status).toBe(200);
    const { event } = await invite(ALICE);
    expect(await statusOf(event)).toBe('pending');
    expect(await waitForCommand(await post('/admin/outbox/sinks/local/renamed/retire', OLGA))).toMatchObject({ status: 'done' });
    await pollUntil(async () => (await statusOf(event)) === 'published');
    await pollUntil(async () => (await system.request('GET', '/health/advancing', { port: worker.port })).status === 200);
    expect((await post('/admin/outbox/sinks/local/renamed/pause', OLGA)).status).toBe(409);
  });
});

describe('a command that the worker cannot execute', () => {
  it('returns the reason in the api and in npm run outbox, while the worker stays ready and delivers', async () => {
    const [unreadable, failing, empty] = [randomUUID(), randomUUID(), randomUUID()];
    for (const [id, values] of [
      [empty, null],
      [unreadable, { filter: { event_type: 'member.invited' }, dry_run: null, limit: null, rate: null }],
      [failing, { filter: { from: 'tomorrowish' }, dry_run: true }],
    ] as const)
      await system.query(
        `insert into outbox.outbox_command (id, sink, command, arguments, asked_by) values ($1, $2, 'replay', $3, 'sql')`,
        [id, SINK, JSON.stringify(values)],
      );
    const statusIs = (id: string, expected: string) =>
      waitFor(expected, async () => (await get(`/admin/outbox/commands/${id}`)).body['status'] === expected);
    await statusIs(unreadable, 'refused');
    await statusIs(failing, 'failed');
    expect((await get(`/admin/outbox/commands/${failing}`)).body).toMatchObject({
      sinks: [{ status: 'failed', answer: { outcome: 'failed', reason: expect.stringContaining('22007') } }],
    });
    expect(await outbox('commands', failing)).toContain(`${SINK}: failed. `);
    await statusIs(empty, 'refused');
    expect(await outbox('commands')).toMatch(new RegExp(`${empty}  replay  refused  by sql at \\S+  null\n`));
    const { event } = await invite(ALICE);
    await pollUntil(async () => (await statusOf(event)) === 'published');
    expect((await system.request('GET', '/health/ready', { port: system.worker.port })).status).toBe(200);
  });
});

describe('a leader that starts and fails in a loop', () => {
  const ready = () => system.request('GET', '/health/ready', { port: system.worker.port });
  const failureIn = (sinks: unknown) =>
    (sinks as { sink: string; leaderFailure: object | null }[]).find(({ sink }) => sink === SINK)!.leaderFailure;

  it('makes the worker unready and appears in the status until the cause is gone', async () => {
    await system.query(`create function outbox.planted() returns trigger language plpgsql as $$ begin raise 'planted'; end $$`);
    await system.query(
      'create trigger planted before insert on outbox.outbox_progress for each row execute function outbox.planted()',
    );
    await invite(ALICE);
    const { status, body } = await pollUntil(ready, ({ body: { sinks } }) => failureIn(sinks) !== null);
    expect([status, body['status']]).toEqual([503, 'leader_failing']);
    expect(failureIn(body['sinks'])).toMatchObject({ terms: expect.any(Number), error: expect.stringContaining('P0001') });
    await pollUntil(async () => (await sinkOf())['leader_failing_since']);
    expect(await sinkOf()).toMatchObject({ leader_error: expect.stringContaining('P0001') });
    expect(await outbox('status')).toMatch(/starts and fails again and again since .*P0001/);
    const failing = system.worker.linesOf('leader_failing').filter(({ sink }) => sink === SINK);
    expect(failing).toMatchObject([{ level: 'ERROR' }]);

    await system.query('drop function outbox.planted() cascade');
    await pollUntil(async () => (await sinkOf())['backlog'] === 0);
    await system.worker.stop();
    await system.startWorker();
    await pollUntil(async () => (await ready()).status === 200);
  });
});
