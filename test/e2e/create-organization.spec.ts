import { SessionProvider, type TokenOptions } from '../support/http/session-provider.js';
import { providerSettings, tracesOf } from '../support/system/invitations.js';
import { System, type ApiResponse } from '../support/system/system.js';

let provider: SessionProvider;
let system: System;

beforeAll(async () => {
  provider = await SessionProvider.start();
  system = await System.start({ worker: false, environment: { ...providerSettings(provider), DATABASE_POOL_SIZE: '20' } });
  await system.startApi();
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(async () => {
  await system.stop();
  await provider.stop();
});

/** A session of a person in an organization of the provider. */
const session = (organization: string, email?: string, options: TokenOptions = {}) =>
  provider.sign(`member-of-${organization}`, { organization, ...(email !== undefined && { email }), ...options });

const send = (sessionToken: string, method: string, path: string, body?: unknown, port?: number) =>
  system.request(method, path, {
    ...(body !== undefined && { body }),
    headers: { authorization: `Bearer ${sessionToken}` },
    ...(port !== undefined && { port }),
  });
const create = (sessionToken: string, body: unknown, port?: number) => send(sessionToken, 'POST', '/organizations', body, port);
const problemOf = ({ status, body }: ApiResponse) => `${status} ${String(body['type']).replace('urn:pikaia:problem:', '')}`;
const count = async (sql: string, values: unknown[]) => (await system.query(sql, values)).length;

describe('POST /organizations', () => {
  it('creates the organization of the session, and its person becomes the first admin', async () => {
    const zoe = await session('organization-zoe', 'Zoe@New.example');
    const answer = await create(zoe, { name: 'Zoe & Co', slug: 'zoe' });
    expect(answer).toMatchObject({
      status: 201,
      body: { id: expect.any(String), name: 'Zoe & Co', slug: 'zoe', created_at: expect.any(String) },
    });
    const { body: me } = await send(zoe, 'GET', '/me');
    expect(me).toMatchObject({ email: 'Zoe@New.example', role: 'admin', organization_id: answer.body['id'] });
    expect((await send(zoe, 'POST', '/members/invitations', { email: 'yan@new.example', role: 'member' })).status).toBe(201);
  });

  it('publishes organization.created and member.joined, and records both with the person as the actor', async () => {
    const xenia = await session('organization-xenia', 'xenia@new.example');
    const answer = await create(xenia, { name: 'Xenia', slug: 'xenia' });
    expect(await tracesOf(system, 'correlation_id', answer.headers.get('x-correlation-id'))).toEqual({
      events: ['organization.created', 'member.joined'],
      actions: ['organization.created', 'member.joined'],
    });
    const { body: me } = await send(xenia, 'GET', '/me');
    const events = await system.query<{ payload: object }>(
      'select payload from outbox.outbox_log where organization_id = $1 order by position',
      [answer.body['id']],
    );
    const actor = { type: 'user', id: me['id'], email: 'xenia@new.example' };
    expect(events.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ actor, aggregate_id: answer.body['id'], data: { name: 'Xenia', slug: 'xenia' } }),
      expect.objectContaining({
        actor,
        aggregate_id: me['member_id'],
        data: { user_id: me['id'], email: 'xenia@new.example', role: 'admin' },
      }),
    ]);
    const entries = await system.query('select actor_id, organization_id from events_auditlog where organization_id = $1', [
      answer.body['id'],
    ]);
    expect(entries).toEqual(Array(2).fill({ actor_id: me['id'], organization_id: answer.body['id'] }));
  });

  it('is refused for a known organization, a taken slug, and a session that names no verified address', async () => {
    const uwe = await session('organization-uwe', 'uwe@new.example');
    expect((await create(uwe, { name: 'Uwe', slug: 'uwe' })).status).toBe(201);
    expect(problemOf(await create(uwe, { name: 'Uwe', slug: 'uwe-2' }))).toBe('409 organization-exists');
    const other = await provider.sign('member-other', { organization: 'organization-uwe', email: 'other@new.example' });
    expect(problemOf(await create(other, { name: 'Uwe', slug: 'uwe' }))).toBe('409 organization-exists');
    const tom = await session('organization-tom', 'tom@new.example');
    expect(problemOf(await create(tom, { name: 'Tom', slug: 'uwe' }))).toBe('409 conflict');
    expect(problemOf(await create(await session('organization-tom'), { name: 'Tom', slug: 'tom' }))).toBe('403 email-unverified');
    const operator = await session('organization-test-operators', 'olga@example.com');
    expect(problemOf(await create(operator, { name: 'Olga', slug: 'olga' }))).toBe('403 forbidden');
    expect(problemOf(await system.request('POST', '/organizations', { body: { name: 'x', slug: 'xx' } }))).toBe(
      '401 unauthenticated',
    );
  });

  it('with an Idempotency-Key gets the stored response at its repeat, which no other person gets', async () => {
    const headers = { 'idempotency-key': 'the-first-organization' };
    const sendAs = (sessionToken: string, slug: string) =>
      system.request('POST', '/organizations', {
        body: { name: 'Quinn', slug },
        headers: { ...headers, authorization: `Bearer ${sessionToken}` },
      });
    const quinn = await session('organization-quinn', 'quinn@new.example');
    const [first, repeat] = [await sendAs(quinn, 'quinn'), await sendAs(quinn, 'quinn')];
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect([repeat.status, repeat.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(repeat.body).toEqual(first.body);
    expect(await count('select from outbox.outbox_log where organization_id = $1', [first.body['id']])).toBe(2);
    expect(problemOf(await sendAs(quinn, 'quinn-2'))).toBe('422 idempotency-key-reused');
    for (const other of [
      await provider.sign('member-other', { organization: 'organization-quinn', email: 'other@new.example' }),
      await provider.sign('member-of-organization-quinn', { organization: 'organization-ross', email: 'ross@new.example' }),
    ]) {
      const refused = await sendAs(other, 'quinn');
      expect([refused.status, refused.headers.get('idempotent-replayed')]).toEqual([409, null]);
    }
  });

  it.each<[string, object]>([
    ['no name', { slug: 'valid' }],
    ['an empty name', { name: ' ', slug: 'valid' }],
    ['a slug in capitals', { name: 'Valid', slug: 'Invalid' }],
    ['null as slug', { name: 'Valid', slug: null }],
    ['an unknown field', { name: 'Valid', slug: 'valid', provider_id: 'organization-x' }],
  ])('with %s gets 422', async (_, body) => {
    expect((await create(await session('organization-invalid', 'ina@new.example'), body)).status).toBe(422);
  });

  it('by twenty people with one slug on two processes succeeds once, and a unique violation gives no server error', async () => {
    const [first, second] = system.services.map(({ port }) => port);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        create(
          await session(`organization-race-${n}`, `race${n}@new.example`),
          { name: 'Race', slug: 'race' },
          n % 2 ? first : second,
        ),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(19).fill(409)]);
    expect(await count('select from organizations_user where email_key like $1', ['race%@new.example'])).toBe(1);
  });

  it('by one person twenty times, with different slugs and on two processes, creates one organization', async () => {
    const [first, second] = system.services.map(({ port }) => port);
    const pia = await session('organization-pia', 'pia@new.example');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => create(pia, { name: 'Pia', slug: `pia-${n}` }, n % 2 ? first : second)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(19).fill(409)]);
    expect(await count(`select from organizations_organization where provider_id = 'organization-pia'`, [])).toBe(1);
    const created = answers.find(({ status }) => status === 201)!;
    expect(await count('select from outbox.outbox_log where organization_id = $1', [created.body['id']])).toBe(2);
  });

  it('lets a person create a second organization at the provider, without a second user', async () => {
    const answers = [
      await create(await provider.sign('member-a', { organization: 'organization-a', email: 'twice@new.example' }), {
        name: 'A',
        slug: 'org-a',
      }),
      await create(await provider.sign('member-b', { organization: 'organization-b', email: 'Twice@new.example' }), {
        name: 'B',
        slug: 'org-b',
      }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(await count('select from organizations_user where email_key = $1', ['twice@new.example'])).toBe(1);
  });
});
