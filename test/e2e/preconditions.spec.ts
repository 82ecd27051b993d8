import { randomUUID } from 'node:crypto';
import { connect } from '../support/database/database.js';
import { System, type ApiResponse, type RequestOptions } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const ADA = 'ada@example.com';
const CAROL = 'carol@example.com';
const STRONG_TAG = /^"[\w-]{22}"$/;

let system: System;
beforeAll(async () => {
  system = await System.start({ worker: false });
  await createActiveAdmin(ADA);
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

const invite = (email = `${randomUUID()}@example.com`, role = 'member'): Promise<ApiResponse> =>
  system.request('POST', '/members/invitations', { as: ALICE, body: { email, role } });

async function createActiveAdmin(email: string): Promise<void> {
  const { body } = await invite(email, 'admin');
  await system.query(
    `update organizations_member set status = 'active', joined_at = now(), provider_id = $1::uuid where id = $1`,
    [body['id']],
  );
}

const ask = (method: string, path: string, headers: Record<string, string>, options: RequestOptions = {}): Promise<ApiResponse> =>
  system.request(method, path, { as: ALICE, ...options, headers });

const sendHead = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${system.api.port}/api/v1${path}`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${await system.token(ALICE)}`, ...headers },
  });

const etagOf = ({ headers }: ApiResponse): string => headers.get('etag')!;

const problemOf = ({ status, body }: ApiResponse): unknown => [status, String(body['type']).replace('urn:pikaia:problem:', '')];

const FAILED = [412, 'precondition-failed'];

describe('a resource with an ETag', () => {
  it('has the same strong ETag in the responses to POST, GET and HEAD until it changes, and another one after that', async () => {
    const invited = await invite();
    const path = `/members/${String(invited.body['id'])}`;
    const read = await ask('GET', path, {});
    expect(etagOf(read)).toMatch(STRONG_TAG);
    const head = await sendHead(path);
    expect([etagOf(invited), head.headers.get('etag')]).toEqual([etagOf(read), etagOf(read)]);
    const changed = await ask('PATCH', path, {}, { body: { role: 'admin' } });
    expect(etagOf(changed)).not.toBe(etagOf(read));
    expect(etagOf(await ask('GET', path, {}))).toBe(etagOf(changed));
    const unchanged = await ask('PATCH', path, {}, { body: { role: 'admin' } });
    expect(etagOf(unchanged)).toBe(etagOf(changed));
    const organization = await ask('PATCH', '/organization', {}, { body: { name: 'Acme One' } });
    expect(etagOf(organization)).toBe(etagOf(await ask('GET', '/organization', {}, { as: CAROL })));
  });

  it.each(['/members/:id', '/organization'])(
    'GET %s responds 304 without a body if the client has the representation',
    async (path) => {
      const route = path.replace(':id', String((await invite()).body['id']));
      const etag = etagOf(await ask('GET', route, {}));
      for (const tags of [etag, `W/${etag}`, `"a,b", ${etag}`, '*']) {
        const answer = await ask('GET', route, { 'if-none-match': tags });
        expect([answer.status, answer.body, etagOf(answer)]).toEqual([304, { text: '' }, etag]);
      }
      expect((await ask('GET', route, { 'if-none-match': '"another"' })).status).toBe(200);
      expect(problemOf(await ask('GET', route, { 'if-match': '"another"' }))).toEqual(FAILED);
      expect((await ask('GET', route, { 'if-match': etag, 'if-none-match': '"another"' })).status).toBe(200);
    },
  );

  it('responds 304 to HEAD with the Content-Length of the representation', async () => {
    const full = await sendHead('/organization');
    const unchanged = await sendHead('/organization', { 'if-none-match': full.headers.get('etag')! });
    expect([full.status, unchanged.status]).toEqual([200, 304]);
    expect(unchanged.headers.get('content-length')).toBe(full.headers.get('content-length'));
  });

  it.each<[string, string, string, unknown]>([
    ['PATCH', '/members/:id', 'member.role_changed', { role: 'admin' }],
    ['DELETE', '/members/:id', 'member.invitation_revoked', undefined],
    ['PATCH', '/organization', 'organization.updated', { name: 'Renamed' }],
  ])('%s %s is refused with the current ETag if no tag matches, and changes nothing', async (method, path, action, body) => {
    const route = path.replace(':id', String((await invite()).body['id']));
    const etag = etagOf(await ask('GET', route, {}));
    const change = (headers: Record<string, string>) => ask(method, route, headers, { body });
    for (const [name, tags] of [
      ['if-match', '"another"'],
      ['if-match', `W/${etag}`],
      ['if-none-match', `W/${etag}`],
    ]) {
      const refused = await change({ [name!]: tags! });
      expect([problemOf(refused), etagOf(refused)]).toEqual([FAILED, etag]);
    }
    expect(etagOf(await ask('GET', route, {}))).toBe(etag);
    const made = await change({ 'if-match': `"another", ${etag}` });
    expect(made.status).toBe(method === 'DELETE' ? 204 : 200);
    const entries = await system.query('select from events_auditlog where action = $1 and correlation_id = $2', [
      action,
      made.headers.get('x-correlation-id'),
    ]);
    expect(entries).toHaveLength(1);
  });

  it('is changed with If-Match: *', async () => {
    const { body } = await invite();
    expect((await ask('DELETE', `/members/${String(body['id'])}`, { 'if-match': '*' })).status).toBe(204);
    const missing = await ask('DELETE', `/members/${String(body['id'])}`, { 'if-match': '"a"' });
    expect(problemOf(missing)).toEqual([404, 'not-found']); // a condition does not hide that the resource is missing
  });

  it.each(['', 'a', '"a', '"a" "b"', 'w/"a"', '*, "a"', '"a b"', ','])('a condition %j is refused with 400', async (tags) => {
    for (const name of ['if-match', 'if-none-match'])
      expect(problemOf(await ask('GET', '/organization', { [name]: tags }))).toEqual([400, 'bad-request']);
    expect(problemOf(await ask('PATCH', '/organization', { 'if-match': tags }, { body: { name: 'x' } }))).toEqual([
      400,
      'bad-request',
    ]);
  });
});

it('a change of a resource without an ETag is refused if it has If-Match', async () => {
  const body = { email: `${randomUUID()}@example.com`, role: 'member' };
  const refused = await ask('POST', '/members/invitations', { 'if-match': '"a"' }, { body });
  expect([problemOf(refused), etagOf(refused)]).toEqual([FAILED, null]);
  expect((await ask('POST', '/members/invitations', { 'if-match': '*' }, { body })).status).toBe(201);
});

describe('two admins who change the same resource after both have read it', () => {
  it.each<[string, unknown[]]>([
    ['/members/:id', [{ role: 'admin' }, { role: 'admin' }]],
    ['/organization', [{ name: 'By Alice' }, { name: 'By Ada' }]],
  ])('%s: exactly one succeeds, also if both wait for the lock', async (path, bodies) => {
    const route = path.replace(':id', String((await invite()).body['id']));
    const admins = [ALICE, ADA];
    const etags = await Promise.all(admins.map(async (as) => etagOf(await ask('GET', route, {}, { as }))));
    const blocker = await connect(system.database.ownerUrl);
    try {
      await blocker.query('begin; select from organizations_organization for update');
      const sent = admins.map((as, index) => ask('PATCH', route, { 'if-match': etags[index]! }, { as, body: bodies[index] }));
      await waitFor('both wait', async () => (await waitingSessions()) === 2);
      await blocker.query('commit');
      const answers = await Promise.all(sent);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
      const [won, lost] = answers.sort((a, b) => a.status - b.status) as [ApiResponse, ApiResponse];
      expect(etagOf(lost)).toBe(etagOf(won));
    } finally {
      await blocker.end();
    }
  });

  const waitingSessions = async (): Promise<number> =>
    (await system.query(`select from pg_stat_activity where application_name = 'pikaia-api' and wait_event_type = 'Lock'`))
      .length;
});

describe('a conditional change with an Idempotency-Key', () => {
  it('that succeeded responds to its repeat with the stored response and ETag, not with 412', async () => {
    const { body, headers } = await invite();
    const change = () =>
      ask(
        'PATCH',
        `/members/${String(body['id'])}`,
        { 'if-match': headers.get('etag')!, 'idempotency-key': 'conditional' },
        { body: { role: 'admin' } },
      );
    const [first, repeat] = [await change(), await change()];
    expect([first.status, repeat.status, repeat.headers.get('idempotent-replayed')]).toEqual([200, 200, 'true']);
    expect([repeat.body, etagOf(repeat)]).toEqual([first.body, etagOf(first)]);
  });

  it('that was refused responds to its repeat with the stored refusal', async () => {
    const change = () =>
      ask('PATCH', '/organization', { 'if-match': '"old"', 'idempotency-key': 'refused' }, { body: { name: 'Refused' } });
    const [first, repeat] = [await change(), await change()];
    expect([problemOf(first), problemOf(repeat)]).toEqual([FAILED, FAILED]);
    expect([repeat.body, etagOf(repeat)]).toEqual([first.body, etagOf(first)]);
  });
});
