import { connect } from 'node:net';
import { probe } from '../../../../test/support/probe.application.js';
import { SERVERS, startProbe, type Probe } from '../../../../test/support/probe.servers.js';
import { captureLogs, type CapturedLogs, type CapturedRecord } from '../testing/index.js';

const ID = 'a2bbd1f0-52d3-4bb5-9d3e-5f0c6f0c9b11';

interface Question extends Omit<RequestInit, 'headers'> {
  readonly headers?: Record<string, string>;
}

interface Place {
  readonly where: string;
  readonly path: string;
  readonly question?: Question;
  /** The lines of the request, in order. */
  readonly events: readonly string[];
  /** The line for which to wait, where it is not the access line. */
  readonly last?: string;
  readonly status: number;
  /** Nobody is known there yet. */
  readonly anonymous?: true;
}

const post = (body: string, type = 'application/json'): Question => ({ method: 'POST', headers: { 'content-type': type }, body });
const DONE = 'request_completed';
const FAILED = 'request_failed';

const PLACES: readonly Place[] = [
  { where: 'a guard and a handler', path: '/handler?token=secret', events: ['in_guard', 'in_handler', DONE], status: 200 },
  { where: 'a guard that refuses', path: '/handler', question: { headers: { 'x-refuse': '1' } }, events: ['in_guard', DONE], status: 403 },
  { where: 'a pipe', path: '/pipe/7', events: ['in_guard', 'in_pipe', DONE], status: 200 },
  { where: 'an interceptor', path: '/interceptor', events: ['in_guard', 'before_handler', 'after_handler', DONE], status: 200 },
  { where: 'an exception filter', path: '/fail', events: ['in_guard', 'in_filter', FAILED], status: 500 },
  { where: 'what Nest says of an error', path: '/crash', events: ['in_guard', 'nest_message', FAILED], status: 500 },
  { where: 'an event emitter', path: '/emitter', events: ['in_guard', 'in_event_emitter', DONE], status: 200 },
  { where: 'an async generator', path: '/generator', events: ['in_guard', 'in_generator', 'in_generator', DONE], status: 200 },
  { where: 'a timer after the response', path: '/timer', events: ['in_guard', DONE, 'after_response'], last: 'after_response', status: 200 },
  { where: 'a body that was read', path: '/body', question: post('{"count":1}'), events: ['in_guard', 'in_handler', DONE], status: 200 },
  { where: 'a validation error', path: '/body', question: post('{"count":"x"}'), events: ['in_guard', 'in_validation', DONE], status: 400 },
  { where: "a time limit on the handler", path: '/limited', events: ['in_guard', 'in_time_limit', DONE], status: 408 },
  { where: 'an unknown path', path: '/nowhere', events: [DONE], status: 404, anonymous: true },
  { where: 'malformed JSON', path: '/body', question: post('{'), events: [DONE], status: 400, anonymous: true },
  { where: 'a body over the limit', path: '/body', question: post(`"${'x'.repeat(2e3)}"`), events: [DONE], status: 413, anonymous: true },
]; // prettier-ignore

const FASTIFY_PLACES: readonly Place[] = [
  { where: 'a handler that takes too long', path: '/hang', events: ['in_guard', 'nest_message', FAILED], status: 503 },
  { where: 'a media type that nobody reads', path: '/body', question: post('x', 'x/y'), events: [DONE], status: 415, anonymous: true },
  { where: 'a bad URL', path: '/pipe/%zz', events: [DONE], status: 400, anonymous: true },
  { where: 'a parameter that is too long', path: `/pipe/${'x'.repeat(400)}`, events: [DONE], status: 414, anonymous: true },
]; // prettier-ignore

const EXPRESS_PLACES: readonly Place[] = [
  { where: 'a bad URL', path: '/pipe/%zz', events: [DONE], status: 400, anonymous: true },
];

/** Each line that does not carry the request's own context. */
const strangersIn = (records: readonly CapturedRecord[], trace: string, user?: string): string[] =>
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

  async function visit({ path, question = {}, last, status }: Place, headers: Record<string, string> = {}): Promise<string> {
    const answer = await fetch(running.url + path, { ...question, headers: { 'x-user': 'u1', ...question.headers, ...headers } });
    await answer.text();
    expect(answer.status).toBe(status);
    await logs.until(last ?? (status >= 500 ? FAILED : DONE));
    return answer.headers.get('x-correlation-id')!;
  }

  it.each([...PLACES, ...(server === 'Fastify' ? FASTIFY_PLACES : EXPRESS_PLACES)])('reaches $where', async (place) => {
    const trace = await visit(place);
    expect(logs.records.map(({ event }) => event)).toEqual(place.events);
    expect(strangersIn(logs.records, trace, place.anonymous ? undefined : 'u1')).toEqual([]);
    expect(logs.records.at(-1)).toMatchObject({ 'http.method': place.question?.method ?? 'GET' });
    expect(logs.lines.join('')).not.toContain('secret');
  });

  it('(the check above sees a line that lost it)', async () => {
    probe.planted = 'outside';
    expect(strangersIn(logs.records, await visit(PLACES[0]!), 'u1')).toEqual([]); // nothing was captured before it ended
    expect(strangersIn(logs.records, String(logs.one(DONE)['trace_id']), 'u1')).toEqual(['in_handler']);
  });

  it('is one request_aborted when the client goes away, and what the handler says later still has it', async () => {
    const socket = connect(running.port, '127.0.0.1');
    socket.write('GET /slow/50 HTTP/1.1\r\nHost: x\r\nX-User: u1\r\n\r\n');
    await logs.until('in_guard');
    socket.destroy();
    await logs.until('slept');
    expect(logs.records.map(({ event }) => event)).toEqual(['in_guard', 'request_aborted', 'slept']);
    expect(strangersIn(logs.records, String(logs.one('request_aborted')['trace_id']), 'u1')).toEqual([]);
  });

  it.each(['/handler', '/nowhere', '/pipe/%zz'])("carries the client's id, in the answer too: %s", async (path) => {
    const answer = await fetch(running.url + path, { headers: { 'X-Correlation-ID': ID.toUpperCase() } });
    expect(answer.headers.get('x-correlation-id')).toBe(ID);
    expect(await logs.until(DONE)).toMatchObject({ trace_id: ID, 'trace.origin': 'client' });
  });

  it('puts an id of its own for one that is no UUID', async () => {
    const answer = await fetch(`${running.url}/nowhere`, { headers: { 'X-Correlation-ID': 'not-a-uuid' } });
    expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await logs.until(DONE)).not.toHaveProperty(['trace.origin']);
  });
});
