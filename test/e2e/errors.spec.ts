import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { ALICE, CANARY, invalid, REFUSALS, UNKNOWN_ID, type Refusal } from '../support/http/refusals.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

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

  it.each([
    ['a chunk', 'ZZ\r\n'],
    ['a trailer', '0\r\nbad trailer\r\n\r\n'],
  ])('to %s that is not valid HTTP has the correlation id of the client and of the access line', async (_, body) => {
    const id = randomUUID();
    const head = `POST /api/v1/members/invitations HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: ${id}\r\nContent-Type: application/json\r\n`;
    const answer = parseResponse(await sendRaw(system.api.port, `${head}Transfer-Encoding: chunked\r\n\r\n${body}`));
    expect(answer).toMatchObject({ status: 400, body: { correlation_id: id } });
    expect(answer.headers.get('x-correlation-id')).toBe(id);
    expect(await accessLineOf(answer)).toMatchObject({ level: 'INFO', event: 'request_aborted', 'http.status_code': 400 });
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

  it.each([
    ['an empty body of text in chunks', 422, 'invalid', '0\r\n\r\n'],
    ['a body of text in chunks', 415, 'unsupported-media-type', '1\r\nx\r\n0\r\n\r\n'],
  ])('to %s have status %i', async (_, status, kind, chunks) => {
    const lines = [
      'POST /api/v1/members/invitations HTTP/1.1',
      'host: x',
      `authorization: Bearer ${await system.token(ALICE)}`,
      'content-type: text/plain',
      'connection: close',
      'transfer-encoding: chunked',
    ];
    const text = await sendRaw(system.api.port, `${lines.join('\r\n')}\r\n\r\n${chunks}`);
    await expectProblem(parseResponse(text), { status, kind, ...(status === 422 && { fields: ['body'] }) });
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
