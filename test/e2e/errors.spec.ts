import { connect } from 'node:net';
import { System, type ApiResponse, type RequestOptions } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const OLGA = 'olga@example.com';
const UNKNOWN_ID = '0198a0a0-0000-7000-8000-000000000000';
const SINK_PATH = '/admin/outbox/sinks/nothing/pause';
const SKIP_PATH = `/admin/events/${UNKNOWN_ID}/skip`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
const CANARY = 'canary-b8e1'; // part of each header and body, which no log line may contain
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

interface Refusal extends RequestOptions {
  readonly what: string;
  readonly method?: string;
  readonly path: string;
  readonly status: number;
  readonly kind: string;
  /** The fields that the response must name. */
  readonly fields?: readonly string[];
  /** The explanation that the response must contain. */
  readonly detail?: string;
}

const invite = (what: string, body: unknown, expected: Pick<Refusal, 'status' | 'kind' | 'fields'>): Refusal => ({
  what,
  method: 'POST',
  path: '/members/invitations',
  as: ALICE,
  body,
  ...expected,
});
const read = (what: string, path: string, expected: Pick<Refusal, 'status' | 'kind' | 'fields'>): Refusal => ({
  what,
  path,
  as: ALICE,
  ...expected,
});
const invalid = (...fields: string[]) => ({ status: 422, kind: 'invalid', fields });
const badRequest = { status: 400, kind: 'bad-request' };
const notFound = { status: 404, kind: 'not-found' };
const unsupported = { status: 415, kind: 'unsupported-media-type' };
const valid = { email: `${CANARY}@example.com`, role: 'member' };

const ACCEPTED = 'Send the body as application/json in UTF-8, without a content encoding.';
const URL_RULE = 'The URL must be percent-encoded UTF-8. Write % as %25.';

const REFUSALS: readonly Refusal[] = [
  { what: 'no token', path: '/me', status: 401, kind: 'unauthenticated' },
  {
    what: 'a token that is none',
    path: '/me',
    headers: { authorization: `Bearer ${CANARY}` },
    status: 401,
    kind: 'unauthenticated',
  },
  { what: 'another scheme', path: '/me', headers: { authorization: `Basic ${CANARY}` }, status: 401, kind: 'unauthenticated' },
  { what: "a member on an admin's route", path: '/members', as: 'carol@example.com', status: 403, kind: 'forbidden' },
  { what: "an operator on a member's route", path: '/organization', as: OLGA, status: 403, kind: 'forbidden' },
  {
    what: "an admin who asks for another's events",
    path: '/admin/events?organization_id=other',
    as: ALICE,
    status: 403,
    kind: 'forbidden',
  },
  read('a route that does not exist', '/nothing/here', notFound),
  { ...read('a method that the route does not have', '/me', notFound), method: 'DELETE' },
  read('a member that does not exist', `/members/${UNKNOWN_ID}`, notFound),
  read('an audit entry that does not exist', `/admin/audit-logs/${UNKNOWN_ID}`, notFound),
  read('an event that does not exist', `/admin/events/${UNKNOWN_ID}`, notFound),
  read('an id that is no UUID', '/members/1', { ...badRequest, fields: ['id'] }),
  read('SQL for an id', "/admin/events/'%20or%201=1", { ...badRequest, fields: ['id'] }),
  read('NUL in the path', '/members/%00', invalid('id')),
  read('NUL in a path without parameter', '/me%00', notFound),
  read('half a surrogate in the path', '/members/%ED%A0%80', badRequest),
  read('a bad escape in the path', '/members/%zz', badRequest),
  read('an over-long path parameter', `/members/${'a'.repeat(600)}`, { status: 414, kind: 'uri-too-long' }),
  read('NUL in the query', '/admin/events?event_type=a%00b', invalid('event_type')),
  read('NUL in the name of a query parameter', '/admin/events?a%00b=1', invalid('a\u0000b')),
  read('an unknown query parameter', '/members?page=2', invalid('page')),
  read('a query parameter named as what every object has', '/members?constructor=x', invalid('constructor')),
  read('a prototype for a query parameter', '/members?__proto__=x', invalid('__proto__')),
  read('a limit of 0', '/members?limit=0', invalid('limit')),
  read('a limit of 101', '/members?limit=101', invalid('limit')),
  ...['ten', 'true', '', '1e1', '0x10', '%2010', '10%20', '+10', '%2B10', '-10', '00010', '1.0', '1_0', '%D9%A1', '1e400'].map(
    (limit): Refusal => ({
      ...read(`a limit of "${limit}"`, `/members?limit=${limit}`, invalid('limit')),
      detail: expect.stringContaining('limit must be an integer from 1 to 100, in decimal digits') as string,
    }),
  ),
  read('a limit that is given twice', '/members?limit=1&limit=1', invalid('limit')),
  read('a limit of commands in hexadecimal digits', '/admin/outbox/commands?limit=0x10', invalid('limit')),
  read('a parameter given twice', '/admin/events?event_type=a&event_type=b', invalid('event_type')),
  read('a bad cursor', '/members?cursor=bm90aGluZw.x', invalid('cursor')),
  read('an unknown status', '/admin/events?status=lost', invalid('status')),
  read('a correlation id that is no UUID', '/admin/audit-logs?correlation_id=1', invalid('correlation_id')),
  read('a moment without a time zone', '/admin/audit-logs?from=2026-01-01T00:00:00', invalid('from')),
  read('a moment that PostgreSQL does not know', '/admin/audit-logs?to=2026-W01-1', invalid('to')),
  {
    ...read('a day that does not exist', '/admin/audit-logs?from=2026-02-30T00:00:00Z', invalid('from')),
    detail: 'from must be a date and a time that exist',
  },
  ...['0001-01-01', '0000-01-01', '0999-12-31'].map((day): Refusal => ({
    ...read(`the day ${day}`, `/admin/events?from=${day}T00:00:00Z`, invalid('from')),
    detail: 'from must be in a year from 1000 to 9999',
  })),
  ...['audit-logs', 'events'].flatMap((list) =>
    [
      ['2026-02-01T00:00:00Z', '2026-01-01T00:00:00Z'],
      ['2026-01-01T00:00:00.000002Z', '2026-01-01T00:00:00.000001Z'],
      ['2026-01-01T00:00:00Z', '2026-01-01T00:30:00%2B01:00'],
    ].map(([from, to]): Refusal => ({
      ...read(`a period of ${list} from ${from} to ${to}`, `/admin/${list}?from=${from}&to=${to}`, {
        ...badRequest,
        fields: ['from'],
      }),
      detail: 'from must not be after to.',
    })),
  ),
  {
    ...invite(
      'a period of a replay that ends before it begins',
      { filter: { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' } },
      { ...badRequest, fields: ['filter.from'] },
    ),
    path: '/admin/events/replay',
    detail: 'filter.from must not be after filter.to.',
  },
  read('an address that is none', '/admin/audit-logs?ip_address=somewhere', invalid('ip_address')),
  { ...invite('no JSON', `{"${CANARY}`, badRequest), detail: 'The request body is not valid JSON.' },
  { ...invite('a body of blanks', ' \n', badRequest), detail: 'The request body is not valid JSON.' },
  invite('an empty body', '', invalid('body')),
  { ...invite('an empty body of a PATCH', '', invalid('body')), method: 'PATCH', path: `/members/${UNKNOWN_ID}` },
  { ...invite('an empty body of a DELETE', '', notFound), method: 'DELETE', path: `/members/${UNKNOWN_ID}` },
  { ...invite('an empty body of an operation that takes none', '', notFound), path: SINK_PATH, as: OLGA },
  { ...invite('an empty body of an operation whose fields are optional', '', notFound), path: SKIP_PATH, as: OLGA },
  invite('null', 'null', invalid('body')),
  invite('a list', '[]', invalid('body')),
  invite('a text', `"${CANARY}"`, invalid('body')),
  {
    ...invite('a prototype', `{"__proto__":{"${CANARY}":1}}`, badRequest),
    detail: 'The request body must not contain the key "__proto__", or "constructor" with the key "prototype".',
  },
  {
    ...invite('nothing that is needed', {}, invalid('email', 'role')),
    detail: 'email is required; role is required',
  },
  {
    ...invite('wrong types', { email: 1, role: ['admin'], name: 7 }, invalid('email', 'name', 'role')),
    detail: 'email must be a string; name must be a string; role must be one of the following values: member, admin',
  },
  {
    ...invite('an empty text for each field', { email: '', role: '', name: '' }, invalid('email', 'name', 'role')),
    detail: 'email must not be empty; name must not be empty; role must be one of the following values: member, admin',
  },
  {
    ...read('a filter that is too long', `/admin/events?event_type=${'a'.repeat(201)}`, invalid('event_type')),
    detail: 'event_type must not be longer than 200 characters',
  },
  {
    ...invite(
      'wrong types inside a filter',
      { filter: { event_type: 1, error: 'x' } },
      invalid('filter.error', 'filter.event_type'),
    ),
    path: '/admin/events/replay',
    detail: 'filter.event_type must be a string; filter.error must have at least 3 characters',
  },
  invite('null for a name', { ...valid, name: null }, invalid('name')),
  ...[
    ['blanks', ' \u3000', 'name must not be empty'],
    ['a space of no width', '\u200b', 'name must not be empty'],
    ['an override of the direction', 'Alice\u202e', 'name must not contain characters that change the direction of the text'],
    ['a joiner', '\u200d', 'name must contain a visible character'],
  ].flatMap(([what, name, detail]): Refusal[] => [
    { ...invite(`${what} for a name`, { ...valid, name }, invalid('name')), detail: detail! },
    {
      ...invite(`${what} for the name of an organization`, { name }, invalid('name')),
      method: 'PATCH',
      path: '/organization',
      detail: detail!,
    },
  ]),
  invite('an unknown field', { ...valid, admin: true }, invalid('admin')),
  invite('an unknown role', { ...valid, role: 'owner' }, invalid('role')),
  invite('NUL in a field', { ...valid, name: 'a\u0000b' }, invalid('name')),
  invite('NUL in the name of a field', { ...valid, 'a\u0000b': 1 }, invalid('a\u0000b')),
  invite('half a surrogate in a field', `{"email":"a@example.com","role":"member","name":"\\ud800"}`, invalid('name')),
  invite('nesting without an end', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, invalid('name')),
  {
    ...invite('a form', `email=${CANARY}%40example.com&role=member`, unsupported),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  },
  { ...invite('plain text', JSON.stringify(valid), unsupported), headers: { 'content-type': 'text/plain' }, detail: ACCEPTED },
  ...['application/json; charset=iso-8859-1', 'application/json;charset="UTF-16"', 'application/json; charset='].map(
    (type): Refusal => ({
      ...invite(`the type ${type}`, valid, unsupported),
      headers: { 'content-type': type },
      detail: ACCEPTED,
    }),
  ),
  ...['application/json; charset="UTF-8"', 'application/json; charset=utf8; x=1'].map((type): Refusal => ({
    ...invite(`the type ${type}`, {}, invalid('email', 'role')),
    headers: { 'content-type': type },
  })),
  ...['gzip', 'br, identity', 'aes128gcm'].map((encoding): Refusal => ({
    ...invite(`the encoding ${encoding}`, valid, unsupported),
    headers: { 'content-encoding': encoding },
    detail: ACCEPTED,
  })),
  { ...invite('the encoding Identity', {}, invalid('email', 'role')), headers: { 'content-encoding': 'Identity' } },
  ...['%FF', '%C3%28', '%ED%A0%80', '%C0%AF', '100%', '%2'].map((text): Refusal => ({
    ...read(`${text} in the query`, `/admin/events?event_type=${text}`, badRequest),
    detail: URL_RULE,
  })),
  { ...read('invalid UTF-8 in the name of a parameter', '/members?%FF=1', badRequest), detail: URL_RULE },
  { ...read('invalid UTF-8 in the path', '/members/%FF', badRequest), detail: URL_RULE },
  { ...read('invalid UTF-8 in a path without parameter', '/me%FF', badRequest), detail: URL_RULE },
  { what: 'null for a name', method: 'PATCH', path: '/organization', as: ALICE, body: { name: null }, ...invalid('name') },
  { what: 'a slug with a blank', method: 'PATCH', path: '/organization', as: ALICE, body: { slug: 'a b' }, ...invalid('slug') },
  {
    what: 'a slug that is taken',
    method: 'PATCH',
    path: '/organization',
    as: ALICE,
    body: { slug: 'globex' },
    status: 409,
    kind: 'conflict',
  },
];

/** Every error response has problem details with the correlation id. The error is logged once, without the input. */
describe('error responses', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ worker: false });
  });
  afterAll(() => system.stop());

  const linesOf = (answer: ApiResponse) =>
    system.api.lines.filter((line) => line['trace_id'] === answer.headers.get('x-correlation-id'));

  async function accessLineOf(answer: ApiResponse) {
    await waitFor('the access line', () => linesOf(answer).some(({ logger }) => logger === 'http'));
    const lines = linesOf(answer).filter(({ logger }) => logger === 'http');
    expect(lines).toHaveLength(1);
    return lines[0]!;
  }

  async function expectProblem(
    answer: ApiResponse,
    { status, kind, fields, detail }: Pick<Refusal, 'status' | 'kind' | 'fields' | 'detail'>,
  ) {
    expect(answer.body).toEqual({
      type: `urn:pikaia:problem:${kind}`,
      title: expect.stringMatching(/./),
      status,
      detail: detail ?? expect.stringMatching(/./),
      correlation_id: expect.stringMatching(UUID),
      ...(fields && { errors: expect.any(Array) }),
    });
    expect(answer.status).toBe(status);
    if (fields) {
      const errors = answer.body['errors'] as { field: string; message: string }[];
      expect(errors.map(({ field }) => field).sort()).toEqual([...fields].sort());
    }
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('x-correlation-id')).toBe(answer.body['correlation_id']);
    expect(JSON.stringify(answer.body)).not.toMatch(/\n\s+at |node_modules|\.[jt]s:\d/);
    expect(await accessLineOf(answer)).toMatchObject({ event: 'request_completed', 'http.status_code': status, level: 'INFO' });
  }

  it.each(REFUSALS)(
    'to $what have status $status',
    async ({ method = 'GET', path, status, kind, fields, detail, ...options }) => {
      const answer = await system.request(method, path, {
        ...options,
        headers: { 'x-canary': CANARY, cookie: CANARY, ...options.headers },
      });
      await expectProblem(answer, { status, kind, ...(fields && { fields }), ...(detail && { detail }) });
    },
  );

  it('to an expired token have status 401, and the log contains the reason', async () => {
    const token = await system.newToken(ALICE, -60);
    const answer = await system.request('GET', '/me', { headers: { authorization: `Bearer ${token}` } });
    await expectProblem(answer, { status: 401, kind: 'unauthenticated' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(linesOf(answer)).toContainEqual(expect.objectContaining({ event: 'session_refused', level: 'INFO' }));
    expect(system.api.text()).not.toContain(token);
  });

  it('to a forged token have status 401', async () => {
    const [header, payload, signature] = (await system.token('carol@example.com')).split('.');
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>;
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody-else' })).toString('base64url');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    for (const token of [`${header}.${changed}.${signature}`, `${unsigned}.${payload}.`]) {
      const answer = await system.request('GET', '/me', { headers: { authorization: `Bearer ${token}` } });
      await expectProblem(answer, { status: 401, kind: 'unauthenticated' });
    }
  });

  it('to a cursor of another list name the parameter', async () => {
    await system.query(
      `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, occurred_at, size, payload)
       select gen_random_uuid(), 'member.invited', 1, 'member', n, m.organization_id, now(), 2, '{}'
       from generate_series(1, 2) n, organizations_member m join organizations_user u on u.id = m.user_id where u.email = $1`,
      [ALICE],
    );
    const events = await system.request('GET', '/admin/events?limit=1', { as: ALICE });
    const cursor = events.body['next_cursor'] as string;
    expect((await system.request('GET', `/admin/events?limit=1&cursor=${cursor}`, { as: ALICE })).status).toBe(200);
    for (const path of ['/members?', '/admin/audit-logs?', '/admin/events?event_type=member.invited&']) {
      await expectProblem(await system.request('GET', `${path}cursor=${cursor}`, { as: ALICE }), invalid('cursor'));
    }
    await expectProblem(
      await system.request('GET', `/admin/events?cursor=${cursor}`, { as: 'gina@example.com' }),
      invalid('cursor'),
    );
  });

  it('have status 409 for one of two concurrent requests with the same slug, while the other succeeds', async () => {
    const ask = (as: string) => system.request('PATCH', '/organization', { as, body: { slug: 'the-same' } });
    const answers = await Promise.all([ask(ALICE), ask('gina@example.com')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    await expectProblem(
      answers.find(({ status }) => status === 409)!,
      { status: 409, kind: 'conflict' },
    );
  });

  it.each<[string, string, number, RegExp?]>([
    ['invalid HTTP', `${CANARY}\r\n\r\n`, 400],
    ['a header with a control character', `GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Bad: ${CANARY}\u0001\r\n\r\n`, 400],
    ['headers over the limit', `GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Long: ${CANARY.repeat(2000)}\r\n\r\n`, 431, /headers/],
    ['bytes in the URL', 'GET /api/v1/members?cursor=\u00ff HTTP/1.1\r\nHost: x\r\n\r\n', 400, /percent-encoded/],
    ['a length and chunks', `POST /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n${CHUNKED}`, 400, /Transfer-Encoding/],
    [
      'two lengths',
      'POST /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
      400,
      /Content-Length/,
    ],
  ])('to %s are problem details, and the connection is closed', async (_, text, status, detail = /cannot read/) => {
    const [head, body] = (await sendRaw(system.api.port, text)).split('\r\n\r\n') as [string, string];
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('content-type: application/problem+json');
    const problem = JSON.parse(body) as { status: number; detail: string; correlation_id: string };
    expect(problem.status).toBe(status);
    expect(problem.detail).toMatch(detail);
    expect(head).toContain(`x-correlation-id: ${problem.correlation_id}`);
    await waitFor('the log line of the refused request', () =>
      system.api.lines.some(({ event, trace_id }) => event === 'client_error' && trace_id === problem.correlation_id),
    );
  });

  // Raw bytes, which \u0080 to \u00ff stand for.
  it.each<[string, number, string, string, string]>([
    ['two Host headers', 400, 'Host: a\r\nhost: b', '', 'The request has more than one Host header.'],
    ['two equal Host headers', 400, 'Host: a\r\nHost: a', '', 'The request has more than one Host header.'],
    ['no Host header', 400, '', '', 'The request has no Host header.'],
    [
      'two Authorization headers',
      400,
      'Host: a\r\nAuthorization: x\r\nAuthorization: y',
      '',
      'The request has more than one Authorization header.',
    ],
    [
      'two Content-Type headers',
      400,
      'Host: a\r\nContent-Type: application/json\r\nContent-Type: text/plain',
      '{}',
      'The request has more than one Content-Type header.',
    ],
    [
      'two correlation ids',
      400,
      `Host: a\r\nX-Correlation-Id: ${UNKNOWN_ID}\r\nX-Correlation-Id: ${UNKNOWN_ID}`,
      '',
      'The request has more than one X-Correlation-Id header.',
    ],
    ['an expectation', 417, 'Host: a\r\nExpect: 200-ok', '', 'The server meets no expectation other than 100-continue.'],
    [
      'invalid UTF-8 in a body',
      400,
      'Host: a\r\nContent-Type: application/json',
      '{"name":"\u00ff"}',
      'The request body is not valid UTF-8.',
    ],
    [
      'half a character in a body',
      400,
      'Host: a\r\nContent-Type: application/json',
      '{"name":"\u00c3"}',
      'The request body is not valid UTF-8.',
    ],
    [
      'an encoded surrogate in a body',
      400,
      'Host: a\r\nContent-Type: application/json',
      '{"name":"\u00ed\u00a0\u0080"}',
      'The request body is not valid UTF-8.',
    ],
  ])('to %s have status %i', async (_, status, headers, body, detail) => {
    const lines = ['POST /api/v1/members/invitations HTTP/1.1', 'connection: close', `content-length: ${body.length}`];
    const text = [...lines, ...(headers ? [headers] : []), '', body].join('\r\n');
    const kind = status === 417 ? 'expectation-failed' : 'bad-request';
    await expectProblem(parseResponse(await sendRaw(system.api.port, text)), { status, kind, detail });
  });

  // Uses a raw socket, since `fetch` can fail if the server responds and closes before it has received the whole body.
  it('to a body over the limit have status 413, as soon as its length is known', async () => {
    const lines = [
      'POST /api/v1/members/invitations HTTP/1.1',
      'host: x',
      `authorization: Bearer ${await system.token(ALICE)}`,
      'content-type: application/json',
      'content-length: 1400000',
    ];
    const text = await sendRaw(system.api.port, `${lines.join('\r\n')}\r\n\r\n{"name":"${CANARY}`);
    await expectProblem(parseResponse(text), {
      status: 413,
      kind: 'payload-too-large',
      detail: 'The request body is larger than 1 MiB.',
    });
  });

  it('leave no secret and no body in any log line, and client errors are not logged at ERROR', async () => {
    const token = await system.token(ALICE);
    const text = system.api.text();
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(token);
    expect(text).not.toContain(token.split('.')[2]);
    expect(system.api.lines.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]);
    expect(system.api.nonJsonLines).toEqual([]);
    // Proves that the check can find the canary in a field that a line may contain.
    const answer = await system.request('GET', `/${CANARY}`, { headers: { 'user-agent': CANARY } });
    expect(await accessLineOf(answer)).toMatchObject({ 'http.url_details.path': `/api/v1/${CANARY}`, 'http.useragent': CANARY });
  });
});

function parseResponse(text: string): ApiResponse {
  const [head, body] = text.split('\r\n\r\n') as [string, string];
  const [first, ...headers] = head.split('\r\n');
  return {
    status: Number(first!.split(' ')[1]),
    headers: new Headers(headers.map((line) => line.split(': ') as [string, string])),
    body: JSON.parse(body) as Record<string, unknown>,
  };
}

/** Sends `text` and returns the response until the server closes the connection. */
function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (answer += part));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
