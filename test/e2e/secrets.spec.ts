import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { memberNotice, svixHeaders } from '../../apps/api/src/identity/development-notice.js';
import { checkoutEvent, stripeSignature } from '../support/http/stripe.stub.js';
import { sendSecretTo, mappedRoutes, type AcceptedInput, type Route } from '../support/system/secret.attack.js';
import type { LogLine, ServiceProcess } from '../support/system/service.process.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const CANARY = `canary-${randomBytes(6).toString('hex')}`;
const MUTATING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

const NOTICE = memberNotice({ id: CANARY, organization: CANARY, email: `${CANARY}@example.com`, name: CANARY });
const CHECKOUT = checkoutEvent(1_790_000_000, { customer: CANARY, client_reference_id: CANARY, metadata: { note: CANARY } });

/** Valid input of each route. Every mutating route must be listed, so that the secret reaches the database. */
const ACCEPTED: Readonly<Record<string, AcceptedInput>> = {
  'POST /api/v1/members/invitations': { body: { email: 'new@example.com', name: CANARY, role: 'member' } },
  'PATCH /api/v1/members/:id': { body: { role: 'admin' } },
  'DELETE /api/v1/members/:id': {},
  'POST /api/v1/members/invitations/bulk': {
    body: { invitations: [{ email: 'bulk@example.com', name: CANARY, role: 'member' }, { email: CANARY }] },
  },
  'POST /api/v1/members/invitations/accept': { body: { token: CANARY } },
  'POST /api/v1/members/invitations/:id/resend': {},
  'DELETE /api/v1/members/invitations/:id': {},
  'PATCH /api/v1/me': { body: { name: CANARY } },
  'POST /api/v1/organizations': { body: { name: CANARY, slug: CANARY } },
  'PATCH /api/v1/organization': { body: { name: CANARY } },
  'POST /api/v1/admin/events/replay': { body: { filter: { event_type: CANARY, error: CANARY }, sink: CANARY } },
  'POST /api/v1/admin/events/replay/preview': { body: { filter: { event_type: CANARY, error: CANARY }, sink: CANARY } },
  'POST /api/v1/admin/events/:id/replay': { body: { sink: CANARY } },
  'POST /api/v1/admin/events/:id/skip': { body: { sink: CANARY } },
  ...Object.fromEntries(
    ['pause', 'resume', 'retire'].flatMap((action) =>
      [':name', ':family/:name'].map((sink) => [`POST /api/v1/admin/outbox/sinks/${sink}/${action}`, {}]),
    ),
  ),
  ...Object.fromEntries(
    [':name', ':family/:name'].map((sink) => [
      `POST /api/v1/admin/outbox/sinks/${sink}/drop-type`,
      { body: { event_type: CANARY } },
    ]),
  ),
  'POST /api/v1/billing/webhook': {
    body: CHECKOUT,
    headers: { 'stripe-signature': stripeSignature(JSON.stringify(CHECKOUT), ['whsec_development']) },
  },
  'POST /api/v1/identity/webhook': { body: NOTICE, headers: svixHeaders(JSON.stringify(NOTICE), { id: 'msg_1' }) },
  'POST /api/v1/admin/outbox/commands/:id/cancel': { body: { reason: CANARY } },
  'POST /api/v1/admin/search': { body: { query: CANARY } },
  'POST /console/session': { headers: { 'x-console': '1' } },
  'DELETE /console/session': { headers: { 'x-console': '1' } },
  'POST /console/demo-people/sign-in': { body: { email: CANARY }, headers: { 'x-console': '1' } },
  'POST /api/v1/webhooks/endpoints': { body: { url: `https://example.com/${CANARY}`, description: CANARY } },
  'PATCH /api/v1/webhooks/endpoints/:id': { body: { url: `https://example.com/${CANARY}`, description: CANARY } },
  'DELETE /api/v1/webhooks/endpoints/:id': {},
  'POST /api/v1/webhooks/endpoints/:id/secret/rotate': { body: { overlap_hours: 0 } },
  'POST /api/v1/webhooks/endpoints/:id/test': {},
  'POST /api/v1/webhooks/endpoints/:id/recover': { body: { since: '2026-01-26T08:30:00.000Z' } },
  'POST /api/v1/webhooks/deliveries/:id/redeliver': {},
  'GET /api/v1/admin/events': { query: `event_type=${CANARY}` },
  'GET /api/v1/admin/audit-logs': { query: `aggregate_id=${CANARY}` },
};

describe('a secret in a request', () => {
  let system: System;
  let tokens: string[];

  beforeAll(async () => {
    system = await System.start({ environment: { LOG_LEVEL: 'debug' } });
    tokens = await Promise.all(['alice@example.com', 'olga@example.com'].map((email) => system.token(email)));
  });
  afterAll(() => system.stop());

  async function sendSecretToAll(service: ServiceProcess): Promise<Map<string, number[]>> {
    const answers = new Map<string, number[]>();
    for (const route of mappedRoutes(service.lines)) {
      answers.set(
        nameOf(route),
        await sendSecretTo(`http://127.0.0.1:${service.port}`, route, CANARY, tokens, ACCEPTED[nameOf(route)]),
      );
    }
    return answers;
  }

  /** The secrets that occur in the output of a process. */
  const secretsIn = (text: string): string[] =>
    [CANARY, ...tokens.map((token) => token.split('.')[2]!)].filter((secret) => text.includes(secret));

  it('is in no log line, for every endpoint and for headers, query and body', async () => {
    const api = await sendSecretToAll(system.api);
    const worker = await sendSecretToAll(system.worker);
    expect([...worker.keys()]).toEqual(['GET /health/live', 'GET /health/ready', 'GET /health/advancing']);
    expect(api.size).toBeGreaterThanOrEqual(14);
    expect([...api.keys()].filter((name) => MUTATING.has(name.split(' ')[0]!) && !(name in ACCEPTED))).toEqual([]); // add a missing route to ACCEPTED
    expect(api.get('POST /api/v1/members/invitations')).toContain(201);
    expect(api.get('PATCH /api/v1/organization')).toContain(200);
    expect(api.get('POST /api/v1/webhooks/endpoints')).toContain(201);
    for (const route of ['POST /api/v1/members/invitations/bulk', 'PATCH /api/v1/me']) expect(api.get(route)).toContain(200);
    for (const route of ['billing', 'identity']) expect(api.get(`POST /api/v1/${route}/webhook`)).toContain(200);
    expect([...api.values()].flat().filter((status) => status >= 500)).toEqual([]);
    for (const service of [system.api, system.worker]) expect(secretsIn(service.text())).toEqual([]);
  });

  it('is in no log line of a database error, which contains rows, statements and parameters', async () => {
    await system.query(`
      alter view events_auditlog rename to events_auditlog_away;
      alter function outbox.state_of(uuid, text, bigint, xid8) rename to state_of_away;
      update organizations_organization set name = 'Acme';
      alter table organizations_organization add constraint planted check (name not like 'canary-%') not valid;
      alter table outbox.outbox_log add constraint planted check (payload::text not like '%canary-%') not valid`);
    const answers = await sendSecretToAll(system.api);
    const failing = [...answers].filter(([, statuses]) => statuses.includes(500)).map(([name]) => name);
    expect(failing).toEqual(
      expect.arrayContaining(['GET /api/v1/admin/events', 'GET /api/v1/admin/audit-logs/:id', 'PATCH /api/v1/organization']),
    );
    const codes = () => new Set(system.api.linesOf('unhandled_error').map((line) => line['error.code']));
    await waitFor('both database errors in the log', () => codes().has('42883') && codes().has('23514'));
    expect(secretsIn(system.api.text())).toEqual([]);
  });

  it('the check reports a route that logs a header', async () => {
    const planted = await startLeakingApplication();
    try {
      const routes = mappedRoutes(planted.lines());
      expect(routes.map(nameOf)).toEqual(['GET /quiet', 'GET /leaky']);
      await sendSecretTo(planted.url, routes[0]!, CANARY, tokens);
      expect(secretsIn(planted.text())).toEqual([]);
      await sendSecretTo(planted.url, routes[1]!, CANARY, tokens);
      await waitFor('the log line of the leaking route', () => planted.lines().some(({ event }) => event === 'header_seen'));
      expect(secretsIn(planted.text())).toEqual([CANARY]);
    } finally {
      await planted.stop();
    }
  });

  it('is in no output: both processes print only log records during their whole lives', async () => {
    for (const service of [system.api, system.worker]) {
      expect(await service.stop()).toBe(0);
      expect([service.nonJsonLines, service.stderrLines]).toEqual([[], []]);
      for (const line of service.lines) {
        expect(line).toMatchObject({
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          level: expect.stringMatching(/^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$/),
          logger: expect.stringMatching(/./),
          event: expect.stringMatching(/^[a-z][a-z0-9_]*$/),
          service: service === system.api ? 'pikaia-api' : 'pikaia-outbox-worker',
          env: 'development',
        });
      }
      expect(service.lines.at(-1)).toMatchObject({ event: 'process_stopped' });
      expect(secretsIn(service.text())).toEqual([]);
    }
  });
});

/** An application with one route that logs a header and one that does not. */
async function startLeakingApplication() {
  const source = `
    import 'reflect-metadata';
    import { Controller, Get, Module, Req } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import { FastifyAdapter } from '@nestjs/platform-fastify';
    import { getLogger, LoggingModule, runService } from '@pikaia/logging';
    class Routes {
      quiet() { return {}; }
      leaky(request) { getLogger('planted').info('header_seen', { header: request.headers['x-canary'] }); return {}; }
    }
    for (const name of ['quiet', 'leaky']) Get(name)(Routes.prototype, name, Object.getOwnPropertyDescriptor(Routes.prototype, name));
    Req()(Routes.prototype, 'leaky', 0);
    Controller()(Routes);
    class Planted {}
    Module({ imports: [LoggingModule.forRoot()], controllers: [Routes] })(Planted);
    await runService(async () => {
      const app = await NestFactory.create(Planted, new FastifyAdapter(), { abortOnError: false });
      await app.listen(0, '127.0.0.1');
      process.send({ url: await app.getUrl() });
      return { stop: () => app.close() };
    });`;
  const env = { PATH: process.env['PATH'], LOG_FORMAT: 'json', LOG_LEVEL: 'debug' };
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let printed = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (bytes: Buffer) => (printed += bytes.toString()));
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const lines = (): LogLine[] => printed.split('\n').slice(0, -1).map((text) => JSON.parse(text) as LogLine); // prettier-ignore
  await waitFor('the log lines of the routes', () => mappedRoutes(lines()).length === 2);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { url, lines, text: () => printed, stop };
}
