import { newId, systemClock } from '@pikaia/core';
import fc from 'fast-check';
import {
  linkSync,
  mkdtempSync,
  openSync,
  closeSync,
  ftruncateSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventScope } from '@pikaia/events';
import type { FailedRequest } from './failed-request.source.js';
import { LogFileSource } from './log-file.source.js';

const ACME = '019c12f4-7175-7abc-8504-af03c46f1d1b';
const GLOBEX = '019c12f4-7175-7abc-8504-af03c46f1d1c';
const OPERATOR: EventScope = { operator: true };
const START = Date.parse('2026-01-31T08:00:00.000Z');

const at = (ms: number): string => new Date(START + ms).toISOString();
const text = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** The access line of a refused request. */
const accessLine = (ms: number, changed: object = {}): Record<string, unknown> => ({
  timestamp: at(ms),
  level: 'INFO',
  logger: 'http',
  event: 'request_completed',
  trace_id: newId(),
  'usr.id': newId(),
  'usr.email': 'carol@example.com',
  'organization.id': ACME,
  'http.method': 'POST',
  'http.url_details.path': '/api/v1/members',
  'http.status_code': 403,
  duration: 5_000_000,
  ...changed,
});

describe('LogFileSource', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  function folderWith(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-requests-'));
    folders.push(folder);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return folder;
  }

  const find = (folder: string, scope: EventScope = OPERATOR, limit = 100) => new LogFileSource(folder).find({ scope, limit });

  /** Reads all pages. */
  async function findAll(source: LogFileSource, scope: EventScope, limit: number) {
    const found: FailedRequest[] = [];
    let pages = 0;
    let before: string | undefined;
    do {
      const { data, next } = await source.find({ scope, limit, before });
      found.push(...data);
      before = next ?? undefined;
      pages++;
    } while (before !== undefined);
    return { found, pages };
  }

  it('lists changes from status 400 and every request from status 500, newest first, and no health check', async () => {
    const line = (ms: number, method: string, status: number, path = '/api/v1/members') =>
      accessLine(ms, { 'http.method': method, 'http.status_code': status, 'http.url_details.path': path });
    const folder = folderWith({
      'api.jsonl.1': text([line(0, 'DELETE', 404), line(1, 'GET', 404)]),
      'api.jsonl': text([
        line(2, 'GET', 500),
        line(3, 'POST', 399),
        line(4, 'POST', 400),
        line(5, 'HEAD', 403),
        line(6, 'GET', 503, '/health/ready'),
        { ...line(7, 'PUT', 499), event: 'request_aborted' },
        { ...line(8, 'PATCH', 503), event: 'request_failed', level: 'ERROR' },
        { ...line(9, 'PATCH', 503), event: 'another_line' },
      ]),
      'worker.jsonl': text([line(10, 'POST', 500)]),
    });
    const { data, next, searched_from: from, is_cut: isCut } = await find(folder);
    expect(data.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'PATCH 503',
      'PUT 499',
      'POST 400',
      'GET 500',
      'DELETE 404',
    ]);
    expect([next, from, isCut]).toEqual([null, at(0), false]);
  });

  it('gives the last line of the request that says why as the reason', async () => {
    const id = newId();
    const line = (ms: number, fields: object) => ({
      timestamp: at(ms),
      level: 'INFO',
      event: 'a_line',
      trace_id: id,
      'organization.id': ACME,
      ...fields,
    });
    const folder = folderWith({
      'api.jsonl': text([
        line(0, { 'problem.detail': 'an earlier request with the same correlation id' }),
        accessLine(1, { trace_id: id, 'http.status_code': 201 }),
        line(2, { event: 'access_denied', level: 'WARNING', reason: 'an earlier reason' }),
        line(3, { event: 'request_refused', 'problem.detail': 'This route requires the role admin.' }),
        line(4, { level: 'DEBUG', reason: 'a detail' }),
        line(4, { 'organization.id': GLOBEX, reason: 'a line of a caller who reused the id' }),
        line(4, { message: 'a line without a reason' }),
        accessLine(5, { trace_id: id, duration: 4_000_000 }),
        accessLine(6),
      ]),
    });
    expect((await find(folder)).data.map(({ reason }) => reason)).toEqual([null, 'This route requires the role admin.']);
    expect((await find(folder, OPERATOR, 1)).data).toMatchObject([{ reason: null }]);
  });

  it('reads the lines of a slow request that come before those of the next request', async () => {
    const id = newId();
    const folder = folderWith({
      'api.jsonl': text([
        accessLine(0),
        { timestamp: at(1_000), level: 'ERROR', event: 'failed', trace_id: id, 'organization.id': ACME, reason: 'the reason' },
        ...Array.from({ length: 5 }, (_, n) => accessLine(10_000 + n, { 'http.status_code': 200 })),
        accessLine(60_000),
        accessLine(60_001, { trace_id: id, duration: 59_500_000_000 }),
      ]),
    });
    const { data } = await find(folder, OPERATOR, 1);
    expect(data).toMatchObject([{ correlation_id: id, reason: 'the reason', duration_ms: 59_500 }]);
  });

  it('shows an organization its own requests, and operators all with addresses masked', async () => {
    const [own, other, none] = [newId(), newId(), newId()];
    const reason = { event: 'refused', level: 'INFO', reason: 'dave@example.com is a member; password=canary' };
    const folder = folderWith({
      'api.jsonl': text([
        { timestamp: at(0), trace_id: own, 'organization.id': ACME, ...reason },
        accessLine(1, { trace_id: own }),
        accessLine(2, { trace_id: other, 'organization.id': GLOBEX }),
        accessLine(3, { trace_id: none, 'organization.id': undefined, 'usr.email': undefined, 'usr.id': undefined }),
      ]),
    });
    const { data } = await find(folder, { organization: ACME });
    expect(data).toMatchObject([
      { correlation_id: own, actor_email: 'carol@example.com', reason: 'dave@example.com is a member; password=[redacted]' },
    ]);
    const all = (await find(folder)).data;
    expect(all.map(({ correlation_id: id }) => id)).toEqual([none, other, own]);
    expect(all[0]).toMatchObject({ organization_id: null, actor_id: null, actor_email: null });
    expect(all[2]).toMatchObject({ actor_email: '[masked]', reason: '[masked] is a member; password=[redacted]' });
    expect(JSON.stringify(all)).not.toMatch(/@example\.com|canary/);
  });

  it('masks an address in the path for operators, and leaves an @ that is not an address', async () => {
    const id = newId();
    const folder = folderWith({
      'api.jsonl': text([
        {
          timestamp: at(0),
          trace_id: id,
          'organization.id': ACME,
          event: 'refused',
          level: 'INFO',
          reason: 'no quotes before the @, please',
        },
        accessLine(1, { trace_id: id, 'http.url_details.path': '/api/v1/people/dave%40example.com/erin@example.com/x' }),
      ]),
    });
    const reason = 'no quotes before the @, please';
    expect((await find(folder)).data).toMatchObject([{ path: '/api/v1/people/[masked]/[masked]/x', reason }]);
    const { data } = await find(folder, { organization: ACME });
    expect(data).toMatchObject([{ path: '/api/v1/people/dave%40example.com/erin@example.com/x', reason }]);
  });

  it('skips lines that are cut, are not records or have fields of other types', async () => {
    const valid = accessLine(9, { 'http.url_details.path': '/größer/🧨' });
    const folder = folderWith({
      'api.jsonl': [
        '',
        'no json',
        JSON.stringify(accessLine(0)).slice(0, -3),
        JSON.stringify([accessLine(1)]),
        JSON.stringify({ nested: accessLine(2) }),
        JSON.stringify({ message: JSON.stringify(accessLine(3)) }),
        JSON.stringify(accessLine(4, { timestamp: '2026-99-99T99:99:99.999Z' })),
        JSON.stringify(accessLine(5, { trace_id: 7 })),
        JSON.stringify(accessLine(6, { 'http.status_code': '403' })),
        JSON.stringify(accessLine(7, { 'http.method': null, 'http.url_details.path': 1, duration: 'x', 'usr.email': {} })),
        JSON.stringify(accessLine(8, { duration: 1e300 })),
        JSON.stringify(valid),
      ].join('\n'), // without a newline at the end
    });
    const { data } = await find(folder, OPERATOR, 2);
    expect(data.map(({ path, duration_ms: duration }) => [path, duration])).toEqual([
      ['/größer/🧨', 5],
      ['/api/v1/members', 1e294],
    ]);
    expect((await find(folder)).data[2]).toMatchObject({ method: '', path: '', duration_ms: 0, actor_email: null });
  });

  it('returns nothing without files, for an empty file and if a file disappears', async () => {
    const nothing = { data: [], next: null, searched_from: null, is_cut: false };
    expect(await find('/nowhere')).toEqual(nothing);
    const folder = folderWith({ 'api.jsonl': '' });
    symlinkSync(join(folder, 'gone'), join(folder, 'api.jsonl.1'));
    expect(await find(folder)).toEqual(nothing);
  });

  it('reads a file once that is renamed while the files are opened', async () => {
    const folder = folderWith({ 'api.jsonl': text([accessLine(0)]) });
    linkSync(join(folder, 'api.jsonl'), join(folder, 'api.jsonl.1'));
    expect((await find(folder)).data).toHaveLength(1);
  });

  it('finds each request once over all pages, in order, also if several end in one millisecond or are out of order', async () => {
    const line = fc.record({
      ms: fc.integer({ min: 0, max: 40 }),
      id: fc.constantFrom(...Array.from({ length: 4 }, () => newId())),
      organization: fc.constantFrom(ACME, GLOBEX),
      status: fc.constantFrom(200, 403, 500),
    });
    const scope = fc.constantFrom<EventScope>(OPERATOR, { organization: ACME });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 30 }),
        fc.nat(30),
        fc.integer({ min: 1, max: 6 }),
        scope,
        async (lines, split, limit, who) => {
          const written = lines.map(({ ms, id, organization, status }, n) =>
            accessLine(ms, { trace_id: id, 'organization.id': organization, 'http.status_code': status, duration: n * 1e6 }),
          );
          const folder = folderWith({ 'api.jsonl.1': text(written.slice(0, split)), 'api.jsonl': text(written.slice(split)) });
          const { found } = await findAll(new LogFileSource(folder), who, limit);
          const expected = written.filter(
            (one) => Number(one['http.status_code']) >= 400 && ('operator' in who || one['organization.id'] === ACME),
          );
          const durations = (ms: readonly unknown[]) => ms.toSorted((a, b) => Number(a) - Number(b));
          expect(durations(found.map(({ duration_ms: ms }) => ms))).toEqual(
            durations(expected.map(({ duration }) => Number(duration) / 1e6)),
          );
          const times = found.map(({ ended_at: time }) => time);
          expect(times).toEqual(times.toSorted().reverse());
        },
      ),
    );
  });

  it('reads a limited part of the files for each page, and finds everything over all pages', async () => {
    const pad = 'x'.repeat(300);
    const lines = (from: number, count: number) =>
      text(
        Array.from({ length: count }, (_, n) =>
          accessLine((from + n) * 10, { pad, 'http.status_code': (from + n) % 1_000 === 0 ? 500 : 200 }),
        ),
      );
    const folder = folderWith({ 'api.jsonl.1': lines(0, 3_500), 'api.jsonl': lines(3_500, 3_500) });
    const source = new LogFileSource(folder, { maxBytes: 256 * 1_024, clock: systemClock });
    const first = await source.find({ scope: OPERATOR, limit: 5 });
    expect(first).toMatchObject({ is_cut: true, next: expect.any(String), data: [] });
    const { found, pages } = await findAll(source, OPERATOR, 5);
    expect(found.map(({ ended_at: time }) => (Date.parse(time) - START) / 10_000)).toEqual([6, 5, 4, 3, 2, 1, 0]);
    expect(pages).toBeGreaterThan(10);
    expect(pages).toBeLessThan(40); // about 4.5 MiB
  });

  it('stops at the limit of time', async () => {
    const folder = folderWith({ 'api.jsonl': text(Array.from({ length: 2_000 }, (_, n) => accessLine(n))) });
    let now = 0;
    const clock = { now: () => new Date(), monotonic: () => (now += 600) };
    const { data, is_cut: isCut } = await new LogFileSource(folder, { maxBytes: Infinity, clock }).find({
      scope: OPERATOR,
      limit: 5_000,
    });
    expect(isCut).toBe(true);
    expect(data.length).toBeGreaterThan(100);
    expect(data.length).toBeLessThan(2_000);
  });

  it('finds the newest requests of a file of several gigabytes', async () => {
    const folder = folderWith({ 'api.jsonl': '' });
    const path = join(folder, 'api.jsonl');
    const file = openSync(path, 'r+');
    ftruncateSync(file, 4 * 1_024 ** 3); // zeros that take no space
    closeSync(file);
    appendFileSync(path, `\n${text([accessLine(0), accessLine(1)])}`);
    const { data, is_cut: isCut, next } = await find(folder);
    expect([data.length, isCut]).toEqual([1, true]); // the next page begins with the millisecond of the oldest line
    const older = await new LogFileSource(folder).find({ scope: OPERATOR, limit: 100, before: next! });
    expect([older.data.length, older.next]).toEqual([1, null]);
  });
});
