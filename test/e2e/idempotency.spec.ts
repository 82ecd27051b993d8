import { randomUUID } from 'node:crypto';
import { request as sendRequest } from 'node:http';
import { connect } from '../support/database/database.js';
import { System, type ApiResponse, type RequestOptions } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const CAROL = 'carol@example.com';
const GINA = 'gina@example.com';
const OLGA = 'olga@example.com';

let system: System;
beforeAll(async () => {
  system = await System.start({ worker: false });
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

const newEmail = (): string => `${randomUUID()}@example.com`;

const send = (method: string, path: string, key: string, options: RequestOptions = {}): Promise<ApiResponse> =>
  system.request(method, path, { as: ALICE, ...options, headers: { 'idempotency-key': key, ...options.headers } });

const invite = (key: string, email: string, options: RequestOptions = {}): Promise<ApiResponse> =>
  send('POST', '/members/invitations', key, { body: { email, role: 'member' }, ...options });

const isReplayed = ({ headers }: ApiResponse): boolean => headers.get('idempotent-replayed') === 'true';

const problemOf = ({ status, body }: ApiResponse): unknown => [status, String(body['type']).replace('urn:pikaia:problem:', '')];

/** The number of events and audit entries about an aggregate. */
async function recordsOf(id: unknown): Promise<object> {
  const [found] = await system.query(
    `select (select count(*)::int from outbox.outbox_log where aggregate_id = $1) as events,
       (select count(*)::int from audit.record where aggregate_id = $1) as entries`,
    [id],
  );
  return found!;
}

describe('a repeat with the same Idempotency-Key', () => {
  it('gets the stored response, with its body, status and header, and changes nothing', async () => {
    const [key, email] = [randomUUID(), newEmail()];
    const first = await invite(key, email);
    const repeat = await invite(key, email);
    expect([first.status, repeat.status]).toEqual([201, 201]);
    expect([isReplayed(first), isReplayed(repeat)]).toEqual([false, true]);
    expect(repeat.body).toEqual(first.body);
    expect(repeat.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(repeat.headers.get('x-correlation-id')).not.toBe(first.headers.get('x-correlation-id'));
    expect(await recordsOf(first.body['id'])).toEqual({ events: 1, entries: 1 });
    await waitFor('the line of the replay', () =>
      system.api.linesOf('request_replayed').some((line) => line['replayed.trace_id'] === first.headers.get('x-correlation-id')),
    );
  });

  it('gets the stored response 204 of a removal', async () => {
    const { body } = await invite(randomUUID(), newEmail());
    const key = randomUUID();
    const remove = () => send('DELETE', `/members/${String(body['id'])}`, key);
    const answers = [await remove(), await remove()];
    expect(answers.map((answer) => [answer.status, isReplayed(answer), answer.body])).toEqual([
      [204, false, { text: '' }],
      [204, true, { text: '' }],
    ]);
    expect(await recordsOf(body['id'])).toEqual({ events: 2, entries: 2 });
  });

  it.each([
    ['404', 'PATCH', `/members/${randomUUID()}`, { role: 'admin' }, [404, 'not-found']],
    ['409', 'POST', '/members/invitations', { email: CAROL, role: 'member' }, [409, 'conflict']],
    ['422', 'POST', '/members/invitations', { email: 'no address', role: 'member' }, [422, 'invalid']],
    ['400', 'PATCH', '/members/no-id', { role: 'admin' }, [400, 'bad-request']],
  ])('gets the stored error %s, byte for byte', async (_, method, path, body, problem) => {
    const key = randomUUID();
    const first = await send(method, path, key, { body });
    const repeat = await send(method, path, key, { body });
    expect(problemOf(first)).toEqual(problem);
    expect([isReplayed(first), isReplayed(repeat)]).toEqual([false, true]);
    expect([repeat.status, repeat.body]).toEqual([first.status, first.body]);
    expect(repeat.headers.get('content-type')).toBe(first.headers.get('content-type'));
  });

  it('gets the headers that the handler has set', async () => {
    await system.query(`insert into outbox.outbox_sink (name) values ('test/idempotency')`);
    const key = randomUUID();
    const pause = () => send('POST', '/admin/outbox/sinks/test/idempotency/pause', key, { as: OLGA });
    const [first, repeat] = [await pause(), await pause()];
    expect([first.status, repeat.status, isReplayed(repeat)]).toEqual([202, 202, true]);
    expect(repeat.body).toEqual(first.body);
    expect(repeat.headers.get('location')).toBe(`/api/v1/admin/outbox/commands/${String(first.body['id'])}`);
  });

  it('gets no change token, because it changes nothing', async () => {
    const [key, email] = [randomUUID(), newEmail()];
    const ask = () => invite(key, email, { headers: { prefer: 'change-token' } });
    expect((await ask()).headers.get('x-change-token')).not.toBeNull();
    const repeat = await ask();
    expect(isReplayed(repeat)).toBe(true);
    expect(['x-change-token', 'preference-applied'].map((name) => repeat.headers.get(name))).toEqual([null, null]);
  });

  it('is refused at once with 409 and Retry-After while the first request runs, and then gets its response', async () => {
    const [key, email] = [randomUUID(), newEmail()];
    const blocker = await connect(system.database.ownerUrl);
    try {
      await blocker.query('begin; lock table organizations_member in share mode');
      const first = invite(key, email);
      await waitFor('the first request waits', async () => (await waitingSessions()) === 1);
      const refused = await Promise.all(Array.from({ length: 20 }, () => invite(key, email))); // twice the connections of the pool
      expect(new Set(refused.map((answer) => JSON.stringify(problemOf(answer))))).toEqual(
        new Set(['[409,"idempotency-key-in-use"]']),
      );
      expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(refused.map(() => '1'));
      await blocker.query('commit');
      const { status, body } = await first;
      expect(status).toBe(201);
      const repeat = await invite(key, email);
      expect([isReplayed(repeat), repeat.body]).toEqual([true, body]);
    } finally {
      await blocker.end();
    }
  });

  const waitingSessions = async (): Promise<number> =>
    (await system.query(`select from pg_stat_activity where application_name = 'pikaia-api' and wait_event_type = 'Lock'`))
      .length;

  it('is processed again after the key has expired, and the row of the key is replaced', async () => {
    const [key, email] = [randomUUID(), newEmail()];
    const first = await invite(key, email);
    expect(await expire(first)).toBe(1);
    const again = await invite(key, email);
    expect([again.status, isReplayed(again), again.body['id']]).toEqual([200, false, first.body['id']]);
    expect(isReplayed(await invite(key, email))).toBe(true);
    expect(await recordsOf(first.body['id'])).toEqual({ events: 2, entries: 2 });
  });

  it('is processed by a request without a session, and then with one', async () => {
    const [key, email] = [randomUUID(), newEmail()];
    const refused = await invite(key, email, { headers: { authorization: 'Bearer none' } });
    expect(problemOf(refused)).toEqual([401, 'unauthenticated']);
    const first = await invite(key, email);
    expect([first.status, isReplayed(first)]).toEqual([201, false]);
  });
});

describe('an Idempotency-Key', () => {
  it.each<[string, string, string, object]>([
    ['another body', '', '', { email: 'other@example.com', role: 'member' }],
    ['another query', '?x=1', '', {}],
    ['another precondition', '', '"a"', {}],
  ])('that belongs to a request with %s is refused with 422', async (_, query, ifMatch, body) => {
    const key = randomUUID();
    const base = { email: newEmail(), role: 'member' };
    const first = await send('POST', '/members/invitations', key, { body: base });
    expect(first.status).toBe(201);
    const other = await send('POST', `/members/invitations${query}`, key, {
      body: { ...base, ...body },
      headers: ifMatch ? { 'if-match': ifMatch } : {},
    });
    expect(problemOf(other)).toEqual([422, 'idempotency-key-reused']);
    expect(await recordsOf(first.body['id'])).toEqual({ events: 1, entries: 1 });
  });

  it('belongs to one caller and one endpoint', async () => {
    const key = randomUUID();
    const alice = await invite(key, newEmail());
    const gina = await invite(key, newEmail(), { as: GINA });
    const olga = await send('POST', `/admin/events/${randomUUID()}/skip`, key, { as: OLGA });
    const removals = await Promise.all(
      [alice, gina].map(({ body }, index) =>
        send('DELETE', `/members/${String(body['id'])}`, key, { as: [ALICE, GINA][index]! }),
      ),
    );
    const answers = [alice, gina, olga, ...removals];
    expect(answers.map((answer) => [answer.status, isReplayed(answer)])).toEqual(
      [201, 201, 404, 204, 204].map((status) => [status, false]),
    );
  });

  it('is the same with and without quotes', async () => {
    const email = newEmail();
    const key = `order 1 "${randomUUID()}" \\`;
    const quoted = `"${key.replaceAll(/["\\]/g, '\\$&')}"`;
    const bare = randomUUID();
    expect(isReplayed(await invite(bare, email))).toBe(false);
    expect(isReplayed(await invite(`"${bare}"`, email))).toBe(true);
    expect(isReplayed(await invite(quoted, email))).toBe(false);
    expect(isReplayed(await invite(quoted, email))).toBe(true);
  });

  it('is the same for each percent-encoding of the path', async () => {
    const { body } = await invite(randomUUID(), newEmail());
    const [key, id] = [randomUUID(), String(body['id'])];
    const remove = (path: string) => send('DELETE', path, key);
    const encoded = `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`;
    expect((await remove(`/members/${id}`)).status).toBe(204);
    const repeat = await remove(`/members/${encoded}`);
    expect([repeat.status, isReplayed(repeat)]).toEqual([204, true]);
  });

  it.each(['', '""', '" "', '"a', 'a"', '"a";b=1', 'a, b', 'a b', '"a\\b"', 'k\u00e9y', 'x'.repeat(256), `"${'x'.repeat(256)}"`])(
    '%j is refused with 400',
    async (key) => {
      const answer = await invite(key, newEmail());
      expect(problemOf(answer)).toEqual([400, 'bad-request']);
      expect(answer.body['detail']).toContain('Idempotency-Key must be one key of 1 to 255 visible ASCII characters');
    },
  );

  it('of 255 characters is accepted', async () => {
    expect((await invite(`"${'"'.repeat(255).replaceAll('"', '\\"')}"`, newEmail())).status).toBe(201);
  });

  it('that is sent twice is refused with 400', async () => {
    const authorization = `Bearer ${await system.token(ALICE)}`;
    const status = await new Promise((resolve, reject) => {
      const call = sendRequest({
        port: system.api.port,
        method: 'DELETE',
        path: `/api/v1/members/${randomUUID()}`,
        headers: { authorization, 'idempotency-key': ['a', 'a'] },
      });
      call.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      call.end();
    });
    expect(status).toBe(400);
  });

  it('costs three statements and no additional transaction, and a request without it costs nothing', async () => {
    const statementsOf = async ({ headers }: ApiResponse): Promise<number> => {
      const id = headers.get('x-correlation-id');
      const line = await waitFor('the access line', () =>
        system.api.linesOf('request_completed').find(({ trace_id: traceId }) => traceId === id),
      );
      return line['db.query_count'] as number;
    };
    const body = { email: newEmail(), role: 'member' };
    const plain = await system.request('POST', '/members/invitations', { as: ALICE, body });
    const keyed = await invite(randomUUID(), newEmail());
    expect([plain.status, keyed.status]).toEqual([201, 201]);
    const additional = (await statementsOf(keyed)) - (await statementsOf(plain));
    expect(additional).toBe(3); // lock, find, insert
  });

  it('is ignored by a request that reads', async () => {
    const answers = [await send('GET', '/me', 'a, b'), await send('GET', '/members', 'a, b')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('the table of the responses', () => {
  it('has no row of a request without a key, and neither key nor request body of one with a key', async () => {
    const count = async () => (await system.query('select from idempotency_key')).length;
    const before = await count();
    const email = newEmail();
    expect((await system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' } })).status).toBe(
      201,
    );
    expect(await count()).toBe(before);
    const { body } = await send('PATCH', '/organization', 'the-key-itself', { body: { name: 'Acme, again' } });
    const [row] = await system.query<{ text: string }>(
      `select t::text as text from idempotency_key t where body::json ->> 'name' = $1`,
      [body['name']],
    );
    expect(row!.text).not.toContain('the-key-itself');
    expect(row!.text.match(/Acme, again/g)).toHaveLength(1);
  });

  it('loses its expired rows although no request has a key', async () => {
    await system.query(
      `insert into idempotency_key (id, fingerprint, status, headers, correlation_id, expires_at)
       select 'old ' || n, '', 204, '{}', gen_random_uuid(), now() - interval '1 s' from generate_series(1, 100) n`,
    );
    await waitFor(
      'the rows are gone',
      async () => (await system.query(`select from idempotency_key where id like 'old %'`)).length === 0,
    );
  });

  it('gives the api no right to change a response, to delete one that is valid, or to choose its expiry', async () => {
    const { body } = await invite(randomUUID(), newEmail());
    const mine = 'strpos(body, $1) > 0';
    const client = await connect(system.database.apiUrl);
    try {
      const api = (sql: string) => client.query(sql, [body['id']]);
      expect((await api(`select from idempotency_key where ${mine}`)).rowCount).toBe(1);
      expect((await api(`delete from idempotency_key where ${mine}`)).rowCount).toBe(0);
      await expect(api(`update idempotency_key set status = 200 where ${mine}`)).rejects.toThrow('permission denied');
      await expect(
        api(`insert into idempotency_key (id, fingerprint, status, headers, correlation_id, expires_at)
             values ($1, '', 204, '{}', gen_random_uuid(), now())`),
      ).rejects.toThrow('permission denied');
    } finally {
      await client.end();
    }
  });
});

/** Makes the stored response look as if it had expired. @returns the number of rows. */
const expire = async ({ body }: ApiResponse): Promise<number> =>
  (
    await system.query(
      `update idempotency_key set expires_at = clock_timestamp() - interval '1 s' where strpos(body, $1) > 0 returning 1`,
      [body['id']],
    )
  ).length;
