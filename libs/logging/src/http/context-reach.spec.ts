import { connect } from 'node:net';
import { probe } from '../../../../test/support/http/probe.application.js';
import { SERVERS, startProbe, type Probe } from '../../../../test/support/http/probe.servers.js';
import { captureLogs, type CapturedLogs, type CapturedRecord } from '../testing/index.js';

const ID = 'a2bbd1f0-52d3-4bb5-9d3e-5f0c6f0c9b11';

interface RequestOptions extends Omit<RequestInit, 'headers'> {
  readonly headers?: Record<string, string>;
}

interface Place {
  readonly where: string;
  readonly path: string;
  readonly request?: RequestOptions;
  /** The events of the request's lines, in order. */
  readonly events: readonly string[];
  /** The event to wait for, if it is not the access line. */
  readonly last?: string;
  readonly status: number;
  /** True if no user is bound at that point. */
  readonly anonymous?: true;
}

const post = (body: string, type = 'application/json'): RequestOptions => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
});
const DONE = 'request_completed';
const FAILED = 'request_failed';

const PLACES: readonly Place[] = [
  { where: 'a guard and a handler', path: '/handler?token=secret', events: ['in_guard', 'in_handler', DONE], status: 200 },
  { where: 'a guard that refuses', path: '/handler', request: { headers: { 'x-refuse': '1' } }, events: ['in_guard', DONE], status: 403 },
  { where: 'a pipe', path: '/pipe/7', events: ['in_guard', 'in_pipe', DONE], status: 200 },
  { where: 'an interceptor', path: '/interceptor', events: ['in_guard', 'before_handler', 'after_handler', DONE], status: 200 },
  { where: 'an exception filter', path: '/fail', events: ['in_guard', 'in_filter', FAILED], status: 500 },
  { where: 'the message of Nest about an error', path: '/crash', events: ['in_guard', 'nest_message', FAILED], status: 500 },
  { where: 'an event emitter', path: '/emitter', events: ['in_guard', 'in_event_emitter', DONE], status: 200 },
  { where: 'an async generator', path: '/generator', events: ['in_guard', 'in_generator', 'in_generator', DONE], status: 200 },
  { where: 'a timer after the response', path: '/timer', events: ['in_guard', DONE, 'after_response'], last: 'after_response', status: 200 },
  { where: 'a handler that reads a body', path: '/body', request: post('{"count":1}'), events: ['in_guard', 'in_handler', DONE], status: 200 },
  { where: 'a validation error', path: '/body', request: post('{"count":"x"}'), events: ['in_guard', 'in_validation', DONE], status: 400 },
  { where: "a time limit on the handler", path: '/limited', events: ['in_guard', 'in_time_limit', DONE], status: 408 },
  { where: 'an unknown path', path: '/nowhere', events: [DONE], status: 404, anonymous: true },
  { where: 'malformed JSON', path: '/body', request: post('{'), events: [DONE], status: 400, anonymous: true },
  { where: 'a body over the limit', path: '/body', request: post(`"${'x'.repeat(2e3)}"`), events: [DONE], status: 413, anonymous: true },
]; // prettier-ignore

const FASTIFY_PLACES: readonly Place[] = [
  { where: 'a handler that takes too long', path: '/hang', events: ['in_guard', 'nest_message', FAILED], status: 503 },
  { where: 'an unsupported media type', path: '/body', request: post('x', 'x/y'), events: [DONE], status: 415, anonymous: true },
  { where: 'a bad URL', path: '/pipe/%zz', events: [DONE], status: 400, anonymous: true },
  { where: 'a parameter that is too long', path: `/pipe/${'x'.repeat(400)}`, events: [DONE], status: 414, anonymous: true },
]; // prettier-ignore

const EXPRESS_PLACES: readonly Place[] = [
  { where: 'a bad URL', path: '/pipe/%zz', events: [DONE], status: 400, anonymous: true },
];

/** Returns the events of the lines that do not have the context of the request. */
const linesWithOtherContext = (records: readonly CapturedRecord[], trace: string, user?: string): string[] =>
  records
    .filter(
      (record) =>
        record['trace_id'] !== trace || record['usr.id'] !== user || record['organization.id'] !== (user && `org of ${user}`),
    ) // prettier-ignore
    .map(({ event }) => event);

describe.each(SERVERS)('the context of a request on %s', (server, adapter) => {
  let running: Probe;
  let logs: CapturedLogs;

  beforeAll(async () => {
    logs = captureLogs();
    running = await startProbe(adapter);
  });
  beforeEach(() => {
    probe.planted = 'none';
    logs.clear();
  });
  afterAll(async () => {
    await running.app.close();
    logs.restore();
  });

  async function visit({ path, request = {}, last, status }: Place, headers: Record<string, string> = {}): Promise<string> {
    const response = await fetch(running.url + path, { ...request, headers: { 'x-user': 'u1', ...request.headers, ...headers } });
    await response.text();
    expect(response.status).toBe(status);
    await logs.until(last ?? (status >= 500 ? FAILED : DONE));
    return response.headers.get('x-correlation-id')!;
  }

  it.each([...PLACES, ...(server === 'Fastify' ? FASTIFY_PLACES : EXPRESS_PLACES)])(
    'the context of a request reaches $where',
    async (place) => {
      const trace = await visit(place);
      expect(logs.records.map(({ event }) => event)).toEqual(place.events);
      expect(linesWithOtherContext(logs.records, trace, place.anonymous ? undefined : 'u1')).toEqual([]);
      expect(logs.records.at(-1)).toMatchObject({ 'http.method': place.request?.method ?? 'GET' });
      expect(logs.lines.join('')).not.toContain('secret');
    },
  );

  it('the check above detects a line without the context', async () => {
    probe.planted = 'outside';
    expect(linesWithOtherContext(logs.records, await visit(PLACES[0]!), 'u1')).toEqual([]); // no line was captured before the request ended
    expect(linesWithOtherContext(logs.records, String(logs.one(DONE)['trace_id']), 'u1')).toEqual(['in_handler']);
  });

  it('an aborted request writes one request_aborted, and later lines of its handler still have its context', async () => {
    const socket = connect(running.port, '127.0.0.1');
    socket.write('GET /slow/50 HTTP/1.1\r\nHost: x\r\nX-User: u1\r\n\r\n');
    await logs.until('in_guard');
    socket.destroy();
    await logs.until('slept');
    expect(logs.records.map(({ event }) => event)).toEqual(['in_guard', 'request_aborted', 'slept']);
    expect(linesWithOtherContext(logs.records, String(logs.one('request_aborted')['trace_id']), 'u1')).toEqual([]);
  });

  it.each(['/handler', '/nowhere', '/pipe/%zz'])(
    "log lines and the response of %s carry the client's correlation id",
    async (path) => {
      const response = await fetch(running.url + path, { headers: { 'X-Correlation-ID': ID.toUpperCase() } });
      expect(response.headers.get('x-correlation-id')).toBe(ID);
      expect(await logs.until(DONE)).toMatchObject({ trace_id: ID, 'trace.origin': 'client' });
    },
  );

  it('the server generates a correlation id if the id of the client is not a UUID', async () => {
    const response = await fetch(`${running.url}/nowhere`, { headers: { 'X-Correlation-ID': 'not-a-uuid' } });
    expect(response.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await logs.until(DONE)).not.toHaveProperty(['trace.origin']);
  });
});
