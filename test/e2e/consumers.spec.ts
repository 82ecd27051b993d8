import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CONSUMER_METRICS_SERVICE, eventMetrics } from '@pikaia/events/metrics';
import { EventBusStub } from '../support/aws/event-bus.stub.js';
import { LambdaProcess } from '../support/aws/lambda.process.js';
import { QueueStub } from '../support/aws/queue.stub.js';
import { busEvent, queueRecord } from '../support/aws/queue.records.js';
import { SecretsStub } from '../support/aws/secrets.stub.js';
import { SesStub } from '../support/aws/ses.stub.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const root = resolve(__dirname, '../..');
const ALICE = 'alice@example.com';
const MiB = 1024 * 1024;
const arn = (name: string) => `arn:aws:secretsmanager:eu-central-1:123456789012:secret:pikaia/${name}-AbCdEf`;

/** Api and worker publish to a bus. The test passes the events of its rule to the bundle of the consumer in a separate folder. */
describe('the welcome-email Lambda', () => {
  let bus: EventBusStub;
  let ses: SesStub;
  let secrets: SecretsStub;
  let queue: QueueStub;
  let system: System;
  let folder: string;
  let lambda: LambdaProcess;
  const lambdas: LambdaProcess[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, [join(root, 'scripts/build-consumers.ts')]);
    folder = mkdtempSync(join(tmpdir(), 'pikaia-lambda-')); // an otherwise empty folder, which reveals a missing dependency
    copyFileSync(join(root, 'apps/consumers/dist/welcome-email/index.mjs'), bundle());
    [bus, ses, queue] = await Promise.all([EventBusStub.start(), SesStub.start(), QueueStub.start()]);
    system = await System.start({
      environment: {
        EVENT_SINKS: 'eventbridge',
        EVENT_BUS_NAME: 'pikaia',
        AWS_ENDPOINT_URL: bus.url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    });
    const { username, password } = new URL(system.database.workerUrl);
    secrets = await SecretsStub.start({
      [arn('worker')]: JSON.stringify({ engine: 'postgres', username, password }),
      [arn('invitation')]: 'a secret of the tests, long enough for it',
    });
    lambda = await startLambda();
  });
  afterAll(async () => {
    await Promise.all(lambdas.map((one) => one.stop()));
    await system.stop();
    await Promise.all([bus.stop(), ses.stop(), secrets.stop(), queue.stop()]);
    rmSync(folder, { recursive: true }); // only the folder from mkdtemp
  });
  beforeEach(() => {
    ses.emails.length = 0;
    ses.fault = undefined;
    queue.fault = undefined;
    secrets.isSilent = false;
  });

  const bundle = (): string => join(folder, 'index.mjs');

  async function startLambda(more: NodeJS.ProcessEnv = {}, file = bundle()): Promise<LambdaProcess> {
    const { hostname, port, pathname } = new URL(system.database.workerUrl);
    const started = await LambdaProcess.start(file, {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_SESV2: ses.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      DATABASE_HOST: hostname,
      DATABASE_PORT: port,
      DATABASE_NAME: pathname.slice(1),
      DATABASE_TLS: 'off',
      DATABASE_POOL_SIZE: '1',
      QUEUE_URL: queue.queueUrl('pikaia-welcome-email'),
      DATABASE_SECRET_ARN: arn('worker'),
      INVITATION_SECRET_ARN: arn('invitation'),
      MAIL_FROM: 'Pikaia <no-reply@pikaia.example>',
      PUBLIC_URL: 'https://pikaia.example',
      ...more,
    });
    lambdas.push(started);
    return started;
  }

  let people = 0;
  /** Invites a person and returns the event that the bus forwards. */
  async function invite() {
    const email = `guest${++people}@example.com`;
    const body = { email, role: 'member' };
    const answer = await system.request('POST', '/members/invitations', { as: ALICE, body, headers: { prefer: 'change-token' } });
    expect(answer.status).toBe(201);
    const correlationId = answer.headers.get('x-correlation-id')!;
    const entry = await waitFor('the event on the bus', () =>
      bus.accepted.find(({ Detail }) => Detail!.includes(correlationId) && Detail!.includes(email)),
    );
    return {
      answer,
      email,
      correlationId,
      event: busEvent(entry),
      eventId: (JSON.parse(entry.Detail!) as { event_id: string }).event_id,
    };
  }

  const none = { batchItemFailures: [] };
  const emailTo = (email: string) => ses.emails.filter(({ to }) => to.includes(email));

  it('is one file below 5 MiB without dependencies', () => {
    expect(readdirSync(folder)).toEqual(['index.mjs']);
    expect(statSync(join(folder, 'index.mjs')).size).toBeLessThan(5 * MiB);
  });

  it('has handled a change for a caller that waits, once it has written its receipt', async () => {
    const { answer, event } = await invite();
    let seen = false;
    const waiting = system.waitUntilSeen('welcome-email', answer).then(() => (seen = true));
    await expect(system.waitUntilSeen('welcome-email', answer, 50)).rejects.toMatchObject({ code: 'PIKAIA_WAIT_TIMEOUT' });
    expect(seen).toBe(false);
    expect(await lambda.invoke({ Records: [queueRecord(event)] })).toEqual(none);
    await waiting;
  });

  it('runs beside other declared consumers, whose bundles need no settings of the mail', async () => {
    const { event } = await invite();
    const { aggregate_id: member } = event['detail'] as { aggregate_id: string };
    const noMail = { MAIL_FROM: undefined, MAIL_TIMEOUT_MS: undefined, PUBLIC_URL: undefined, INVITATION_SECRET_ARN: undefined };
    const cache = await startLambda(noMail, join(root, 'apps/consumers/dist/permissions-cache/index.mjs'));
    expect(await cache.invoke({ Records: [queueRecord(event), queueRecord(event)] })).toEqual(none);
    expect(await system.query('select role from permissions_cache where member_id = $1', [member])).toEqual([{ role: 'member' }]);
    const [line] = await waitFor('the line of the event', () => cache.lines.length > 0 && cache.linesOf('event_delivered'));
    expect(line).toMatchObject({ service: 'pikaia-consumers', consumer: 'permissions-cache' });
  });

  it('sends the email once with the correlation id of the request, however often the event arrives', async () => {
    const { email, correlationId, event, eventId } = await invite();
    expect(await lambda.invoke({ Records: [queueRecord(event)] })).toEqual(none);
    expect(emailTo(email)).toEqual([expect.objectContaining({ tags: { mail_id: eventId, correlation_id: correlationId } })]);
    const again = [queueRecord({ ...event, id: 'a new one' }), queueRecord(event, 2)]; // published twice and delivered twice
    expect(await lambda.invoke({ Records: again })).toEqual(none);
    expect(emailTo(email)).toHaveLength(1);
    const lines = await waitFor(
      'its lines',
      () => lambda.lines.length >= 2 && lambda.lines.filter((line) => line['trace_id'] === correlationId),
    );
    expect(lines.map((line) => line['event'])).toEqual(['welcome_email_sent', 'event_delivered']);
    for (const line of lines) expect(line).toMatchObject({ 'usr.id': expect.any(String), 'usr.email': ALICE });
    expect(lines[1]).toMatchObject({
      service: 'pikaia-consumers',
      consumer: 'welcome-email',
      'event.id': eventId,
      event_type: 'member.invited',
      attempt: 1,
    });
    const receipts = await system.query<object>('select state, result from outbox.consumer_receipt where event_id = $1', [
      eventId,
    ]);
    expect(receipts).toEqual([{ state: 'done', result: { message_id: expect.stringContaining('amazonses.com') } }]);
    expect(lambda.nonJsonLines).toEqual([]);
  });

  it('returns only the failed records, and logs the reason with the correlation id of the request', async () => {
    const [first, last, broken, foreign] = [await invite(), await invite(), await invite(), await invite()];
    const spoil = (change: object) => {
      const { event } = broken;
      const detail = event['detail'] as { data: object };
      return { ...event, detail: { ...detail, data: { ...detail.data, ...change } } };
    };
    const removed = { ...(foreign.event['detail'] as object), event_type: 'member.removed' };
    const poison = [
      queueRecord('{"not": "whole"'),
      queueRecord(spoil({ email: 'geheim' })),
      queueRecord({ ...foreign.event, 'detail-type': 'member.removed', detail: removed }),
    ];
    const batch = [queueRecord(first.event), ...poison, queueRecord(last.event)];
    const failures = { batchItemFailures: poison.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    const before = lambda.lines.length;
    expect(await lambda.invoke({ Records: batch })).toEqual(failures);
    expect(poison.map(({ receiptHandle }) => queue.pauses.get(receiptHandle))).toEqual([0, expect.any(Number), 0]);
    expect(await lambda.invoke({ Records: poison })).toEqual(failures); // on every delivery, until the queue moves it to its dead-letter queue
    expect([emailTo(first.email), emailTo(last.email)].map(({ length }) => length)).toEqual([1, 1]);
    const lines = await waitFor(
      'the log lines of both failures',
      () => lambda.linesOf('event_refused').length >= 2 && lambda.lines.slice(before),
    );
    const errors = lines.filter(({ level }) => level === 'ERROR').slice(0, 3);
    expect(errors).toEqual([
      expect.objectContaining({ event: 'queue_record_unreadable', 'error.code': 'PIKAIA_EVENT_UNREADABLE' }),
      expect.objectContaining({
        event: 'event_refused',
        'error.code': 'PIKAIA_EVENT_UNREADABLE',
        trace_id: broken.correlationId,
        'event.id': broken.eventId,
      }),
      expect.objectContaining({ event: 'queue_record_unreadable', 'error.code': 'PIKAIA_EVENT_UNEXPECTED' }),
    ]);
    expect(JSON.stringify(errors)).not.toMatch(/geheim|"not"/);
  });

  it.each([
    ['throttles', { status: 400, code: 'TooManyRequestsException' } as const],
    ['does not answer', 'silent' as const],
  ])('returns the record while SES %s, and sends the email once afterwards', async (_, fault) => {
    const { email, event } = await invite();
    const record = queueRecord(event, 30);
    const returned = { batchItemFailures: [{ itemIdentifier: record.messageId }] };
    const impatient = await startLambda({ MAIL_TIMEOUT_MS: '500' });
    ses.fault = fault;
    expect(await impatient.invoke({ Records: [record] })).toEqual(returned);
    expect(queue.pauses.get(record.receiptHandle)).toBeLessThanOrEqual(300); // seconds, with jitter
    for (const [queueFault, reason] of [
      ['refusing', /ReceiptHandleIsInvalid/],
      ['silent', /requestTimeout/],
      ['stalling', /^(?!.*requestTimeout)/],
    ] as const) {
      queue.fault = queueFault;
      expect(await impatient.invoke({ Records: [record] })).toEqual(returned);
      expect(impatient.linesOf('queue_pauses_not_set').at(-1)).toMatchObject({ reason: expect.stringMatching(reason) });
    }
    ses.fault = undefined;
    expect(await lambda.invoke({ Records: [record] })).toEqual(none);
    expect(emailTo(email)).toHaveLength(1);
    expect(impatient.linesOf('event_postponed').at(-1)).toMatchObject({
      level: 'WARNING',
      reason: expect.stringContaining('SES'),
    });
  });

  it('handles an event once even if two Lambdas receive it at the same time', async () => {
    const other = await startLambda();
    for (let round = 0; round < 3; round++) {
      const { email, event } = await invite();
      const answers = await Promise.all([lambda, other].map((one) => one.invoke({ Records: [queueRecord(event)] })));
      expect(answers.filter(({ batchItemFailures }) => !batchItemFailures.length).length).toBeGreaterThan(0);
      expect(emailTo(email)).toHaveLength(1);
    }
  });

  it('has printed its own metrics and those of pikaia-consumers before it returns', () => {
    const lines = lambdas.flatMap(({ lines: all }) =>
      all.filter((line) => '_aws' in line && line['consumer'] === 'welcome-email'),
    );
    const { consumerHandled, consumerFailed, consumerPostponed, consumerDuration } = eventMetrics;
    for (const { name } of [consumerHandled, consumerFailed, consumerPostponed, consumerDuration]) {
      const [line] = lines.filter((one) => name in one);
      expect(line).toMatchObject({ service: CONSUMER_METRICS_SERVICE, environment: 'production' });
    }
  });

  it('returns the records that it has no time left for, without an attempt', async () => {
    const guests = [await invite(), await invite(), await invite()];
    const records = guests.map(({ event }) => queueRecord(event));
    expect(await lambda.invoke({ Records: records }, 10_000)).toEqual({
      batchItemFailures: records.slice(1).map(({ messageId }) => ({ itemIdentifier: messageId })),
    });
    expect(guests.map(({ email }) => emailTo(email).length)).toEqual([1, 0, 0]);
  });

  it('reads its secrets again after the database refuses the login, and handles the event on the next delivery', async () => {
    const username = `lambda_${process.pid}`;
    await system.query(`create role ${username} login password 'one' in role pikaia_worker`);
    const secretOf = (password: string) => JSON.stringify({ username, password });
    secrets.replace(arn('rotated'), secretOf('one'));
    const rotated = await startLambda({ DATABASE_SECRET_ARN: arn('rotated') });
    const [before, after] = [await invite(), await invite()];
    expect(await rotated.invoke({ Records: [queueRecord(before.event)] })).toEqual(none);
    await system.query(`alter role ${username} password 'two'`);
    await system.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1', [username]);
    const record = queueRecord(after.event);
    const returned = { batchItemFailures: [{ itemIdentifier: record.messageId }] };
    expect(await rotated.invoke({ Records: [record] })).toEqual(returned); // Secrets Manager still has the old password
    secrets.replace(arn('rotated'), secretOf('two'));
    await waitFor(
      'the event is handled',
      async () => (await rotated.invoke({ Records: [record] })).batchItemFailures?.length === 0,
    );
    expect(emailTo(after.email)).toHaveLength(1);
    expect(rotated.linesOf('database_login_refused').length).toBeGreaterThan(0);
    expect(rotated.nonJsonLines).toEqual([]);
    await rotated.stop();
    await system.query(`drop role ${username}`);
  });

  it.each([
    ['a missing setting', { MAIL_FROM: '' }, /MAIL_FROM is not set/],
    ['a missing secret', { DATABASE_SECRET_ARN: arn('other') }, /PIKAIA_SECRET_UNREADABLE.*pikaia\/other/],
    ['a secrets service that does not respond', {}, /PIKAIA_SECRET_UNREADABLE.*TimeoutError/],
    ['an unreachable database', { DATABASE_PORT: '1' }, /ECONNREFUSED/],
  ])('reports %s and returns the whole batch', async (fault, environment, why) => {
    secrets.isSilent = fault === 'a secrets service that does not respond';
    const broken = await startLambda(environment);
    const answer = await broken.invoke({ Records: [queueRecord('{}')] });
    expect(answer.error).toContain('did not start');
    const [line] = await waitFor(
      'the log line of the failed start',
      () => broken.linesOf('startup_failed').length > 0 && broken.linesOf('startup_failed'),
    );
    expect(line).toMatchObject({ level: 'ERROR', service: 'pikaia-consumers' });
    expect(JSON.stringify(line)).toMatch(why);
    expect(broken.nonJsonLines).toEqual([]);
  });
});
