import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const CORRELATION = '5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f';
const ALICE = 'alice@example.com';

/** The main scenario: one invitation leaves a row, an event, an audit entry and an email with one correlation id. */
describe('one invitation', () => {
  let system: System;
  let invitation: ApiResponse;

  beforeAll(async () => {
    system = await System.start();
    invitation = await system.request('POST', '/members/invitations', {
      as: ALICE,
      body: { email: 'bob@example.com', name: 'Bob Brown', role: 'member' },
      headers: { 'X-Correlation-ID': CORRELATION.toUpperCase(), 'User-Agent': 'e2e/1.0' },
    });
    await waitFor('the delivery of the email is recorded', async () => {
      const { body } = await system.request('GET', `/admin/events?correlation_id=${CORRELATION}`, { as: ALICE });
      return (body.data as { status: string }[])[0]?.status === 'published';
    });
  });
  afterAll(() => system.stop());

  it('gets 201 with the invitation and the correlation id in lower case', () => {
    expect(invitation.status).toBe(201);
    expect(invitation.headers.get('x-correlation-id')).toBe(CORRELATION);
    expect(invitation.body).toEqual({ id: expect.any(String), email: 'bob@example.com', role: 'member', status: 'invited' });
  });

  it('logs start, audit record and completion with their context', async () => {
    const lines = await waitFor('the access line', () => {
      const found = system.api.lines.filter((line) => line['trace_id'] === CORRELATION);
      return found.some(({ event }) => event === 'request_completed') && found;
    });
    expect(lines.map(({ event }) => event)).toEqual(['member_invite_started', 'audit_recorded', 'request_completed']);
    const [alice] = await system.query<{ id: string }>('select id from organizations_user where email = $1', [ALICE]);
    for (const line of lines) {
      expect(line).toMatchObject({
        'usr.id': alice!.id,
        'usr.email': ALICE,
        'organization.id': expect.any(String),
        'http.method': 'POST',
        'http.url_details.path': '/api/v1/members/invitations',
        'network.client.ip': '127.0.0.1',
        'http.useragent': 'e2e/1.0',
        'trace.origin': 'client',
        service: 'pikaia-api',
      });
    }
    expect(lines.at(-1)).toMatchObject({
      'http.status_code': 201,
      duration: expect.any(Number),
      'http.route': '/api/v1/members/invitations',
    });
  });

  it('inserts the membership row', async () => {
    const rows = await system.query(
      'select m.role, m.status, m.invited_at is not null as dated, m.email, m.name, u.email_key from organizations_member m join organizations_user u on u.id = m.user_id where m.id = $1',
      [invitation.body.id],
    );
    const typed = { email: 'bob@example.com', name: 'Bob Brown' };
    expect(rows).toEqual([{ role: 'member', status: 'invited', dated: true, ...typed, email_key: 'bob@example.com' }]);
  });

  it('publishes exactly the documented envelope, and SQL shows whether the welcome email was sent', async () => {
    const rows = await system.query<{ payload: unknown; status: string; attempts: number; published_at: Date }>(
      `select * from events_outboxevent where event_type = 'member.invited' and payload->'data'->>'email' = 'bob@example.com'`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ status: 'published', attempts: 0, published_at: expect.any(Date) });
    const [alice] = await system.query<{ id: string; organization_id: string }>(
      'select u.id, m.organization_id from organizations_user u join organizations_member m on m.user_id = u.id where u.email = $1',
      [ALICE],
    );
    const envelope = rows[0]!.payload as Record<string, unknown>;
    expect(Object.keys(envelope)).toEqual(
      'event_id event_type schema_version occurred_at aggregate_type aggregate_id organization_id correlation_id actor data'.split(
        ' ',
      ),
    );
    expect(envelope).toEqual({
      event_id: expect.any(String),
      event_type: 'member.invited',
      schema_version: 1,
      occurred_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      aggregate_type: 'member',
      aggregate_id: invitation.body.id,
      organization_id: alice!.organization_id,
      correlation_id: CORRELATION,
      actor: { type: 'user', id: alice!.id, email: ALICE },
      data: {
        user_id: expect.stringMatching(/^[\da-f-]{36}$/),
        email: 'bob@example.com',
        name: 'Bob Brown',
        role: 'member',
        organization_name: 'Acme',
        invited_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        invited_by: { id: alice!.id, email: ALICE, name: 'Alice Adams' },
      },
    });
  });

  it('records who acted, from which address, and the new values', async () => {
    const { body } = await system.request('GET', '/me', { as: ALICE });
    const rows = await system.query('select * from events_auditlog where actor_id = $1 order by created_at desc', [body.id]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      action: 'member.invited',
      aggregate_type: 'member',
      aggregate_id: invitation.body.id,
      organization_id: body.organization_id,
      actor_email: ALICE,
      correlation_id: CORRELATION,
      ip_address: '127.0.0.1',
      user_agent: 'e2e/1.0',
      diff: { old: null, new: expect.objectContaining({ email: 'bob@example.com', role: 'member', status: 'invited' }) },
    });
    const found = await system.request('GET', `/admin/audit-logs?actor_id=${String(body.id)}`, { as: ALICE });
    expect(found.body.data).toHaveLength(1);
    const one = await system.request('GET', `/admin/audit-logs/${(rows[0] as { id: string }).id}`, { as: ALICE });
    expect(one.body).toEqual((found.body.data as unknown[])[0]);
  });

  it('sends one email whose link contains a signed invitation', () => {
    const files = readdirSync(join(system.directory, 'mail'));
    expect(files).toHaveLength(1);
    const mail = readFileSync(join(system.directory, 'mail', files[0]!), 'utf8').replaceAll('=\r\n', '');
    expect(mail).toContain('To: Bob Brown <bob@example.com>');
    expect(mail.toLowerCase()).toContain(`x-correlation-id: ${CORRELATION}`);
    const token = /accept\?token=(?:3D)?([\w-]+\.[\w-]+\.[\w-]+)/.exec(mail)![1]!;
    expect(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())).toMatchObject({
      sub: invitation.body.id,
      email: 'bob@example.com',
      aud: 'invitation',
    });
  });

  it('passes the correlation id of the request to the log lines of the worker', () => {
    const lines = system.worker.lines.filter((line) => line['trace_id'] === CORRELATION);
    expect(lines).toContainEqual(
      expect.objectContaining({
        event: 'welcome_email_sent',
        consumer: 'welcome-email',
        attempt: 1,
        'event.id': expect.any(String),
      }),
    );
  });

  it('shows the whole trail in order of time', async () => {
    const { body } = await system.request('GET', `/admin/correlations/${CORRELATION}`, { as: ALICE });
    expect(body.correlation_id).toBe(CORRELATION);
    const entries = body.entries as { kind: string; time: string; event?: string }[];
    expect(entries.map(({ time }) => Date.parse(time))).toEqual(
      entries.map(({ time }) => Date.parse(time)).sort((a, b) => a - b),
    );
    const kinds = entries.map(({ kind, event }) => (kind === 'log' ? event : kind));
    for (const one of ['member_invite_started', 'event', 'audit', 'request_completed', 'welcome_email_sent', 'receipt'])
      expect(kinds).toContain(one);
    expect(kinds.indexOf('request_completed')).toBeLessThan(kinds.indexOf('receipt'));
  });

  it('shows operators the event without personal data', async () => {
    const { body } = await system.request('GET', `/admin/events?correlation_id=${CORRELATION}`, { as: 'olga@example.com' });
    expect(JSON.stringify(body)).not.toContain('bob@example.com');
    expect(JSON.stringify(body)).not.toContain(ALICE);
    expect((body.data as unknown[])[0]).toMatchObject({ event_type: 'member.invited', payload: { data: { email: '[masked]' } } });
  });

  it('is invisible to another organization', async () => {
    const gina = { as: 'gina@example.com' };
    expect((await system.request('GET', `/admin/correlations/${CORRELATION}`, gina)).body.entries).toEqual([]);
    expect((await system.request('GET', '/admin/audit-logs', gina)).body).toEqual({ data: [], next_cursor: null });
    expect((await system.request('GET', '/admin/events', gina)).body).toEqual({ data: [], next_cursor: null });
    expect((await system.request('GET', `/members/${String(invitation.body.id)}`, gina)).status).toBe(404);
  });

  it('leaves only JSON lines on standard output', () => {
    expect(system.services.flatMap(({ nonJsonLines }) => nonJsonLines)).toEqual([]);
    expect(existsSync(join(system.directory, 'log', 'api.jsonl'))).toBe(true);
  });
});
