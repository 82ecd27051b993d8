import { newId } from '@pikaia/core';
import { SessionProvider } from '../support/http/session-provider.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const CAROL = 'carol@example.com'; // a member of acme
const GINA = 'gina@example.com'; // an admin of globex
const OLGA = 'olga@example.com'; // an operator

interface FailedRequest {
  readonly correlation_id: string;
  readonly path: string;
  readonly status: number;
  readonly organization_id: string | null;
  readonly actor_email: string | null;
  readonly reason: string | null;
}

describe('GET /admin/failed-requests', () => {
  let system: System;
  const sent = new Map<string, string>(); // correlation ids by name

  async function send(name: string, method: string, path: string, as?: string, body?: object): Promise<number> {
    const id = newId();
    sent.set(name, id);
    const { status } = await system.request(method, path, {
      ...(as !== undefined && { as }),
      headers: { 'x-correlation-id': id },
      ...(body && { body }),
    });
    await waitFor('the access line', () =>
      system.api.lines.find((line) => line['trace_id'] === id && 'http.status_code' in line),
    );
    return status;
  }
  const list = async (as: string, query = '') => {
    const { status, body } = await system.request('GET', `/admin/failed-requests${query}`, { as });
    return { status, body, data: body['data'] as FailedRequest[] };
  };
  const invitation = { email: 'erin@example.com', role: 'member' };

  beforeAll(async () => {
    system = await System.start({ worker: false });
    expect(await send('accepted', 'POST', '/members/invitations', ALICE, invitation)).toBe(201);
    expect(await send('refused', 'POST', '/members/invitations', CAROL, invitation)).toBe(403);
    expect(await send('unknown', 'GET', `/members/${newId()}`, ALICE)).toBe(404);
    expect(await send('invalid', 'POST', '/members/invitations', GINA, { email: 'no address', role: 'member' })).toBe(422);
    expect(await send('stranger', 'POST', '/members/invitations', undefined, invitation)).toBe(401);
    await system.query(`alter table organizations_member add constraint planted check (email not like 'failing%')`);
    expect(await send('failed', 'POST', '/members/invitations', ALICE, { ...invitation, email: 'failing@example.com' })).toBe(
      500,
    );
  });
  afterAll(() => system.stop());

  it('lists the requests that failed and the changes that were refused, newest first, each with its reason', async () => {
    await waitFor('the lines are in the file', async () => (await list(OLGA)).data.length === 4);
    const { body, data } = await list(OLGA);
    expect(data.map(({ correlation_id: id }) => id)).toEqual(
      ['failed', 'stranger', 'invalid', 'refused'].map((name) => sent.get(name)),
    );
    expect(data.map(({ status }) => status)).toEqual([500, 401, 422, 403]);
    expect(data[0]!.reason).toContain('violates check constraint "planted"');
    expect(data[3]!.reason).toBe('This route requires the role admin.');
    expect(body).toMatchObject({ available: true, unavailable_reason: null, next_cursor: null, is_cut: false });
    for (const { correlation_id: id } of data)
      expect((await system.request('GET', `/admin/correlations/${id}`, { as: OLGA })).body['entries']).not.toEqual([]);
  });

  it('shows an admin the requests of the organization alone, and operators no address', async () => {
    const own = await list(ALICE);
    expect(own.data.map(({ correlation_id: id }) => id)).toEqual([sent.get('failed'), sent.get('refused')]);
    expect(own.data[1]!.actor_email).toBe(CAROL);
    expect((await list(GINA)).data.map(({ correlation_id: id }) => id)).toEqual([sent.get('invalid')]);
    expect(JSON.stringify((await list(OLGA)).body)).not.toMatch(/@\w/); // of an address; a reason may name the character
  });

  it('is read page by page, and refuses the cursor of another organization', async () => {
    const first = await list(ALICE, '?limit=1');
    const cursor = String(first.body['next_cursor']);
    const second = await list(ALICE, `?limit=1&cursor=${cursor}`);
    expect([first, second].map(({ data }) => data.map(({ correlation_id: id }) => id))).toEqual([
      [sent.get('failed')],
      [sent.get('refused')],
    ]);
    expect(second.body['next_cursor']).toBeNull();
    expect((await list(GINA, `?limit=1&cursor=${cursor}`)).status).toBe(422);
  });

  it('is refused for a member', async () => {
    expect((await list(CAROL)).status).toBe(403);
  });

  it('says in production that the log store has the lines', async () => {
    const provider = await SessionProvider.start();
    try {
      const { port } = await system.startApi({
        NODE_ENV: 'production',
        CURSOR_SECRET: 'a secret of the tests, long enough for it',
        SESSION_JWKS_URL: provider.jwksUrl,
        SESSION_ISSUER: provider.issuer,
        SESSION_AUDIENCE: provider.audience,
      });
      const [alice] = await system.query<{ subject: string; organization: string }>(
        `select m.provider_id as subject, o.provider_id as organization from organizations_member m
         join organizations_organization o on o.id = m.organization_id where m.email = $1`,
        [ALICE],
      );
      const token = await provider.sign(alice!.subject, { organization: alice!.organization });
      const { body } = await system.request('GET', '/admin/failed-requests', {
        port,
        headers: { authorization: `Bearer ${token}` },
      });
      expect(body).toEqual({
        available: false,
        unavailable_reason: expect.stringContaining('Search the log store'),
        data: [],
        next_cursor: null,
        searched_from: null,
        is_cut: false,
      });
    } finally {
      await provider.stop();
    }
  });
});
