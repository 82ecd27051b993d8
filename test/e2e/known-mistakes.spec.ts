import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SessionProvider } from '../support/http/session-provider.js';
import { ServiceProcess, type LogLine } from '../support/system/service.process.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const FORGETFUL = pathToFileURL(resolve(__dirname, '../support/system/forgetful-services.mjs')).href;
const ALICE = 'alice@example.com';
const INVITATIONS = 20;

/** Mistakes of other systems that only whole processes can show. docs/guarantees.md lists all of them. */
describe('the built api and worker', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ environment: { OUTBOX_HOUSEKEEPING_INTERVAL_MS: '1000', OUTBOX_POLL_INTERVAL_MS: '50' } });
  });
  afterAll(() => system.stop());

  const invite = (email: string) =>
    system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' } });
  const linesOf = (correlationId: string | null): LogLine[] =>
    system.lines.filter(({ trace_id: trace }) => trace === correlationId);

  it('two workers that run at once send each event to each sink once', async () => {
    await system.startWorker();
    const answers = await Promise.all(Array.from({ length: INVITATIONS }, (_, n) => invite(`twice-${n}@example.com`)));
    const ids = answers.map(({ headers }) => headers.get('x-correlation-id'));
    const sent = () =>
      system.lines.filter(({ event, trace_id: trace }) => event === 'domain_event' && ids.includes(String(trace)));
    await waitFor('every event at the sink log', () => new Set(sent().map((line) => line['event.id'])).size === INVITATIONS);
    const last = await invite('twice-last@example.com'); // a second worker that also read these events has sent them before this one
    await waitFor('the last event at the sink log', () =>
      linesOf(last.headers.get('x-correlation-id')).some(({ event }) => event === 'domain_event'),
    );
    expect(sent()).toHaveLength(INVITATIONS);
  });

  it('a worker without the name of its event bus exits with 1 and says which setting is missing', async () => {
    const worker = ServiceProcess.launch('outbox-worker', {
      ...system.settings(system.database.workerUrl),
      EVENT_SINKS: 'eventbridge',
    });
    expect(await worker.exited).toBe(1);
    expect(worker.lines.at(-1)).toMatchObject({ level: 'CRITICAL', event: 'startup_failed' });
    expect(worker.text()).toMatch(/PIKAIA_EVENT_BUS_UNSET.*EVENT_BUS_NAME/);
  });

  it('each request logs request_completed with its status and duration', async () => {
    const answers = [await invite('completed@example.com'), await system.request('GET', '/me', { as: ALICE })];
    for (const { status, headers } of answers) {
      const lines = () => linesOf(headers.get('x-correlation-id')).filter(({ event }) => event === 'request_completed');
      await waitFor('the access line', () => lines().length > 0);
      expect(lines()).toEqual([
        expect.objectContaining({ level: 'INFO', 'http.status_code': status, duration: expect.any(Number) }),
      ]);
      expect(lines()[0]!['duration']).toBeGreaterThan(0);
    }
  });

  it('the log lines, the event and the audit entry of a request name the same id of the organization', async () => {
    const { body: organization } = await system.request('GET', '/organization', { as: ALICE });
    const { headers, body: member } = await invite('joined-by-id@example.com');
    const id = headers.get('x-correlation-id');
    const line = await waitFor('the line of the consumer', () => linesOf(id).find(({ event }) => event === 'welcome_email_sent'));
    const [stored] = await system.query(
      `select r.organization_id as entry, l.organization_id as event, l.payload->>'organization_id' as envelope, m.organization_id as row
       from audit.record r join outbox.outbox_log l using (correlation_id) join organizations_member m on m.id = $2
       where correlation_id = $1`,
      [id, member['id']],
    );
    const same = organization['id'];
    expect(stored).toEqual({ entry: same, event: same, envelope: same, row: same });
    await waitFor('the access line', () => linesOf(id).some(({ event }) => event === 'request_completed'));
    const named = linesOf(id).filter((one) => 'organization.id' in one);
    expect(new Set(named.map(({ logger }) => logger))).toContain('http');
    expect(new Set([...named, line].map((one) => one['organization.id']))).toEqual(new Set([same]));
  });

  it('a running worker removes an expired receipt, and no person or schedule has to start that', async () => {
    await system.query(
      `insert into outbox.consumer_receipt (consumer, event_id, state, done_at)
       values ('expired', gen_random_uuid(), 'done', clock_timestamp() - interval '91 days')`,
    );
    await waitFor(
      'the receipt is gone',
      async () => (await system.query(`select from outbox.consumer_receipt where consumer = 'expired'`)).length === 0,
    );
  });
});

it('in production the api logs at INFO, and an unhandled exception as one line of JSON with its stack', async () => {
  const provider = await SessionProvider.start();
  const system = await System.start({
    worker: false,
    environment: {
      NODE_ENV: 'production',
      CURSOR_SECRET: 'a secret of the tests, long enough for it',
      SESSION_JWKS_URL: provider.jwksUrl,
      SESSION_ISSUER: provider.issuer,
      SESSION_AUDIENCE: provider.audience,
      NODE_OPTIONS: `--import ${FORGETFUL}`,
      PIKAIA_FORGOTTEN: 'record',
    },
  });
  try {
    const [alice] = await system.query<{ provider_id: string; organization: string }>(
      `select m.provider_id, o.provider_id as organization from organizations_member m
       join organizations_organization o on o.id = m.organization_id where m.email = $1`,
      [ALICE],
    );
    const token = await provider.sign(alice!.provider_id, { organization: alice!.organization });
    const { status } = await system.request('POST', '/members/invitations', {
      body: { email: 'production@example.com', role: 'member' },
      headers: { authorization: `Bearer ${token}` },
    });
    expect(status).toBe(500);
    const line = await waitFor('the exception', () => system.api.linesOf('unhandled_error')[0]);
    expect(line).toMatchObject({ level: 'ERROR', env: 'production', exc_info: expect.stringMatching(/PikaiaError: .*\n +at /) });
    await waitFor('the access line', () => system.api.linesOf('request_failed').length > 0);
    expect(system.api.linesOf('member_invite_started')).toEqual([expect.objectContaining({ level: 'INFO' })]);
    expect([system.api.nonJsonLines, system.api.stderrLines]).toEqual([[], []]);
  } finally {
    await system.stop();
    await provider.stop();
  }
});
