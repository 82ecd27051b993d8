import { randomUUID } from 'node:crypto';
import { System, type ApiResponse } from '../support/system/system.js';
import { createTenant } from '../support/system/tenants.js';
import { WebhookAdmin } from '../support/system/webhook-endpoints.js';

const URL = 'https://hooks.example.com/pikaia';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;

let system: System;
let alice: WebhookAdmin;
beforeAll(async () => {
  system = await System.start();
  alice = new WebhookAdmin(system, 'alice@example.com');
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

/** The events and audit entries of one request. */
async function traceOf({ headers }: ApiResponse) {
  const id = [headers.get('x-correlation-id')];
  return {
    events: await system.query(
      `select event_type, payload->'data' as data from outbox.outbox_log where correlation_id = $1 order by position`,
      id,
    ),
    entries: await system.query('select action, diff from events_auditlog where correlation_id = $1', id),
  };
}

describe('the registration of a webhook endpoint', () => {
  it('responds with the endpoint and its secret, an event, and an entry without the secret', async () => {
    const answer = await alice.request('POST', '/endpoints', {
      url: 'HTTPS://Hooks.Example.com',
      event_types: ['member.joined'],
    });
    const { secret, ...endpoint } = answer.body;
    expect([answer.status, secret]).toEqual([201, expect.stringMatching(SECRET)]);
    expect(endpoint).toEqual({
      id: expect.stringMatching(UUID),
      url: 'https://hooks.example.com/',
      description: '',
      event_types: ['member.joined'],
      status: 'enabled',
      disabled_reason: null,
      disabled_at: null,
      failing_since: null,
      created_at: expect.any(String),
    });
    const shown = await alice.request('GET', `/endpoints/${String(endpoint['id'])}`);
    expect(shown.body).toEqual(endpoint);
    expect(shown.headers.get('etag')).toBe(answer.headers.get('etag'));
    const { events, entries } = await traceOf(answer);
    expect(events).toEqual([
      { event_type: 'webhook_endpoint.created', data: { url: 'https://hooks.example.com/', event_types: ['member.joined'] } },
    ]);
    expect(entries).toEqual([
      {
        action: 'webhook_endpoint.created',
        diff: { old: null, new: expect.objectContaining({ url: 'https://hooks.example.com/' }) },
      },
    ]);
    expect(JSON.stringify(entries)).not.toContain('whsec_');
  });

  it('stores no secret in plain text, also not with an Idempotency-Key, whose repeat gets the same secret', async () => {
    const options = { body: { url: URL }, headers: { 'idempotency-key': randomUUID() } };
    const first = await alice.request('POST', '/endpoints', undefined, options);
    const repeat = await alice.request('POST', '/endpoints', undefined, options);
    expect(repeat.headers.get('idempotent-replayed')).toBe('true');
    expect([repeat.status, repeat.body, repeat.headers.get('etag')]).toEqual([201, first.body, first.headers.get('etag')]);
    const path = `/endpoints/${String(first.body['id'])}/secret/rotate`;
    const key = { headers: { 'idempotency-key': randomUUID() } };
    const rotated = await alice.request('POST', path, undefined, key);
    expect((await alice.request('POST', path, undefined, key)).body).toEqual(rotated.body);
    const refused = { body: { url: 'ftp://example.com' }, headers: { 'idempotency-key': randomUUID() } };
    const errors = [
      await alice.request('POST', '/endpoints', undefined, refused),
      await alice.request('POST', '/endpoints', undefined, refused),
    ];
    expect(errors.map(({ status }) => status)).toEqual([422, 422]);
    const stored = await system.query<{ text: string }>(
      `select to_json(t)::text as text from webhook_secret t union all select to_json(t)::text from idempotency_key t
       union all select to_json(t)::text from audit.record t union all select to_json(t)::text from outbox.outbox_log t`,
    );
    expect(stored.length).toBeGreaterThan(5);
    for (const secret of [first.body['secret'], rotated.body['secret']] as string[])
      expect(stored.filter(({ text }) => text.includes(secret.slice('whsec_'.length)))).toEqual([]);
    expect(system.lines.filter((line) => JSON.stringify(line).includes('whsec_'))).toEqual([]);
  });

  it('is not rotated while five replaced secrets still sign, unless they end at once', async () => {
    const { id } = await alice.register();
    const rotate = (overlapHours: number) =>
      alice.request('POST', `/endpoints/${id}/secret/rotate`, { overlap_hours: overlapHours });
    const statuses: number[] = [];
    for (let count = 1; count <= 6; count++) statuses.push((await rotate(24)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 409]);
    expect([(await rotate(0)).status, (await rotate(24)).status]).toEqual([200, 200]);
  });

  it.each([
    ['url', { url: 'ftp://example.com' }],
    ['url', { url: 'https://user:password@example.com' }],
    ['url', { url: 'https://example.com/#part' }],
    ['url', { url: null }],
    ['url', {}],
    ['event_types', { url: URL, event_types: [] }],
    ['event_types', { url: URL, event_types: ['member.joined', 'member.joined'] }],
    ['event_types', { url: URL, event_types: ['*', 'member.joined'] }],
    ['event_types', { url: URL, event_types: ['webhook_endpoint.created'] }],
    ['event_types', { url: URL, event_types: null }],
    ['event_types', { url: URL, event_types: '*' }],
    ['description', { url: URL, description: 'x'.repeat(201) }],
    ['description', { url: URL, description: 'a\u0000b' }],
  ])('is refused if %s is not valid (%#)', async (field, body) => {
    const answer = await alice.request('POST', '/endpoints', body);
    expect([answer.status, answer.body['errors']]).toEqual([422, [expect.objectContaining({ field })]]);
  });

  it('is limited to 20 endpoints of an organization, also if they are registered concurrently', async () => {
    const { organizationId, admin } = await createTenant(system, 'limit');
    const many = new WebhookAdmin(system, admin);
    const [own] = (await many.request('GET', '/endpoints')).body['data'] as { id: string }[]; // of the tenant
    const answers = await Promise.all(Array.from({ length: 25 }, () => many.request('POST', '/endpoints', { url: URL })));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(201), ...Array(6).fill(409)]);
    await many.request('DELETE', `/endpoints/${own!.id}`);
    expect((await many.request('POST', '/endpoints', { url: URL })).status).toBe(201);
    const [{ count }] = (await system.query<{ count: number }>(
      'select count(*)::int from webhook_endpoint where organization_id = $1 and deleted_at is null',
      [organizationId],
    )) as [{ count: number }];
    expect(count).toBe(20);
  });
});

describe('a webhook endpoint', () => {
  it('is changed with If-Match, which leaves an event and an entry with old and new values', async () => {
    const { id } = await alice.register();
    const path = `/endpoints/${id}`;
    const { headers } = await alice.request('GET', path);
    const ifMatch = { headers: { 'if-match': headers.get('etag')! } };
    const changes = { url: 'https://other.example.com/', event_types: ['member.joined', 'member.removed'], description: 'CRM' };
    const answer = await alice.request('PATCH', path, changes, ifMatch);
    expect([answer.status, answer.body]).toEqual([200, expect.objectContaining(changes)]);
    expect((await alice.request('PATCH', path, { description: '' }, ifMatch)).status).toBe(412);
    expect((await alice.request('DELETE', path, undefined, ifMatch)).status).toBe(412);
    const values = {
      old: { description: '', event_types: ['*'], url: URL },
      new: changes,
    };
    expect(await traceOf(answer)).toEqual({
      events: [{ event_type: 'webhook_endpoint.updated', data: { changed: ['description', 'event_types', 'url'], ...values } }],
      entries: [{ action: 'webhook_endpoint.updated', diff: values }],
    });
  });

  it('records nothing if nothing changes', async () => {
    const { id } = await alice.register();
    for (const body of [{}, { url: URL }, { status: 'enabled' }, { event_types: ['*'] }, { description: '' }]) {
      const answer = await alice.request('PATCH', `/endpoints/${id}`, body);
      expect([answer.status, await traceOf(answer)]).toEqual([200, { events: [], entries: [] }]);
    }
  });

  it('is disabled and enabled again, which ends the state of an endpoint that fails', async () => {
    const { id } = await alice.register();
    const path = `/endpoints/${id}`;
    const disabled = await alice.request('PATCH', path, { status: 'disabled' });
    expect(disabled.body).toMatchObject({ status: 'disabled', disabled_reason: 'manual', disabled_at: expect.any(String) });
    await system.query(`update webhook_endpoint set disabled_reason = 'failing', failing_since = now() where id = $1`, [id]);
    const unchanged = await alice.request('PATCH', path, { status: 'disabled' });
    expect(unchanged.body).toMatchObject({ disabled_reason: 'failing', failing_since: expect.any(String) });
    const enabled = await alice.request('PATCH', path, { status: 'enabled' });
    expect(enabled.body).toMatchObject({ status: 'enabled', disabled_reason: null, disabled_at: null, failing_since: null });
  });

  it.each([{ url: 'https://repaired.example.com/' }, { status: 'disabled' }])(
    'is attempted at once after the change %j, because the pause of a failing receiver ends',
    async (change) => {
      const { id } = await alice.register();
      const state = async () =>
        (await system.query('select consecutive_failures, paused_until from webhook_endpoint where id = $1', [id]))[0];
      await system.query(
        `update webhook_endpoint set consecutive_failures = 7, paused_until = now() + interval '1 hour' where id = $1`,
        [id],
      );
      await alice.request('PATCH', `/endpoints/${id}`, { description: 'The pause stays' });
      expect(await state()).toEqual({ consecutive_failures: 7, paused_until: expect.any(Date) });
      await alice.request('PATCH', `/endpoints/${id}`, change);
      expect(await state()).toEqual({ consecutive_failures: 0, paused_until: null });
    },
  );

  it('is deleted with its secrets, and its pending deliveries are canceled', async () => {
    const { id } = await alice.register();
    const path = `/endpoints/${id}`;
    const test = await alice.request('POST', `${path}/test`);
    const answer = await alice.request('DELETE', path);
    expect(answer.status).toBe(204);
    expect(await traceOf(answer)).toEqual({
      events: [{ event_type: 'webhook_endpoint.deleted', data: { url: URL } }],
      entries: [{ action: 'webhook_endpoint.deleted', diff: { old: expect.objectContaining({ url: URL }), new: null } }],
    });
    expect(await system.query('select from webhook_secret where endpoint_id = $1', [id])).toEqual([]);
    expect(await system.query('select status from webhook_delivery where endpoint_id = $1', [id])).toEqual([
      { status: 'canceled' },
    ]);
    const later = [
      await alice.request('GET', path),
      await alice.request('PATCH', path, { description: 'x' }),
      await alice.request('DELETE', path),
      await alice.request('POST', `${path}/test`),
      await alice.request('POST', `${path}/secret/rotate`),
      await alice.request('GET', `${path}/deliveries`),
      await alice.request('GET', `/deliveries/${String(test.body['id'])}`),
      await alice.request('POST', `/deliveries/${String(test.body['id'])}/redeliver`),
    ];
    expect(later.map(({ status }) => status)).toEqual(Array(8).fill(404));
  });

  it('is listed page by page, oldest first, without the secret', async () => {
    const { admin } = await createTenant(system, 'pages');
    const many = new WebhookAdmin(system, admin);
    const ids = ((await many.request('GET', '/endpoints')).body['data'] as { id: string }[]).map(({ id }) => id);
    for (let number = 0; number < 4; number++) ids.push((await many.register()).id);
    const listed: string[] = [];
    for (let cursor: unknown = ''; cursor !== null;) {
      const { body } = await many.request('GET', `/endpoints?limit=2${cursor ? `&cursor=${String(cursor)}` : ''}`);
      expect(JSON.stringify(body)).not.toContain('whsec_');
      listed.push(...(body['data'] as { id: string }[]).map(({ id }) => id));
      cursor = body['next_cursor'];
    }
    expect([listed.length, listed]).toEqual([5, ids]);
  });

  it('belongs to the admins of its organization', async () => {
    const { id } = await alice.register();
    const [gina, carol, olga] = ['gina@example.com', 'carol@example.com', 'olga@example.com'].map(
      (as) => new WebhookAdmin(system, as),
    );
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/test'],
      ['POST', '/secret/rotate'],
      ['GET', '/deliveries'],
    ] as const) {
      const body = method === 'PATCH' ? { description: 'x' } : undefined;
      const answers = await Promise.all(
        [gina, carol, olga].map((admin) => admin!.request(method, `/endpoints/${id}${path}`, body)),
      );
      expect([path, answers.map(({ status }) => status)]).toEqual([path, [404, 403, 403]]);
    }
    expect((await carol!.request('GET', '/event-types')).status).toBe(403);
  });
});

describe('GET /webhooks/event-types', () => {
  it('lists the types for customers with their newest version, and no internal ones', async () => {
    const { data } = (await alice.request('GET', '/event-types')).body as { data: { type: string }[] };
    expect(data).toContainEqual({ type: 'member.role_changed', version: 2, description: expect.stringContaining('role') });
    const types = data.map(({ type }) => type);
    expect(types).toEqual([...new Set(types)].sort());
    expect(types.filter((type) => type.startsWith('webhook_endpoint.') || type === 'organization.deleted')).toEqual([]);
  });
});
