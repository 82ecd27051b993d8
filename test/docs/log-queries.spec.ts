import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LogField } from '@pikaia/logging';
import { logQueries, renderLogQuery, type LogQuery } from '@pikaia/logging/queries';
import { runQuery, type Row } from '../insights/insights.interpreter.js';
import type { ApiResponse } from '../support/system/system.js';
import { codeBlocks } from './code-blocks.js';
import { createIncidents, type Incidents } from './incidents.js';

const root = resolve(__dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const run = promisify(execFile);
const queries = Object.entries(logQueries) as [keyof typeof logQueries, LogQuery][];

/** Reads the rows of the tables in a document, each as the texts of its cells. */
const tableOf = (name: string): string[][] =>
  read(name)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const codeSpans = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const catalog = new Map(
  tableOf('docs/log-events.md').map(([event = '', levels = '', loggers = '', fields = '']) => [
    codeSpans(event)[0]!,
    { levels: levels.split(', '), loggers: codeSpans(loggers), fields: codeSpans(fields) },
  ]),
);
const typeOf = new Map(tableOf('docs/log-fields.md').map(([name = '', type = '']) => [codeSpans(name)[0]!, type]));

let incidents: Incidents;

beforeAll(async () => {
  incidents = await createIncidents();
});
afterAll(() => incidents.system.stop());

const correlationIdOf = ({ headers }: ApiResponse): string => headers.get('x-correlation-id')!;
const values = (): Record<string, string> => ({
  'correlation id': correlationIdOf(incidents.failed),
  'user id': incidents.userId,
  'organization id': incidents.organizationId,
  'e-mail': 'alice@example.com',
});
const runLogQuery = (query: LogQuery, more: Record<string, string> = {}) =>
  runQuery(renderLogQuery(query, { ...values(), ...more }), incidents.lines);

const events = (rows: readonly Row[]): unknown[] => rows.map((row) => row['event']);
const failure = (): unknown => expect.objectContaining({ event: 'unhandled_error', trace_id: correlationIdOf(incidents.failed) });
const column = 'column Organization.slug does not exist';

/** Checks the rows that each query finds in the log. */
const EXPECTED_ROWS: Record<keyof typeof logQueries, (rows: readonly Row[]) => void> = {
  byCorrelationId: (rows) => {
    expect(events(rows)).toEqual(['unhandled_error', 'request_failed']);
    expect(rows[0]).toMatchObject({ level: 'ERROR', 'error.message': column });
    expect(JSON.parse(String(rows[0]!['@message']))).toMatchObject({ 'error.code': '42703' });
  },
  slowRequests: (rows) => {
    expect(rows).toContainEqual(
      expect.objectContaining({
        trace_id: correlationIdOf(incidents.slow),
        'http.method': 'PATCH',
        'db.query_count': expect.any(Number),
      }),
    );
    for (const { took, inDatabase } of rows) expect([Number(took) > 1_000, Number(inDatabase) > 900]).toEqual([true, true]);
  },
  slowRoutes: (rows) => {
    expect(rows[0]).toMatchObject({ 'http.method': 'PATCH', 'http.route': '/api/v1/organization', requests: 3 });
    expect(Number(rows[0]!['p99'])).toBeGreaterThan(1_000);
    expect(Number(rows[0]!['p99'])).toBeGreaterThanOrEqual(Number(rows[0]!['median']));
    expect(Number(rows[0]!['mostQueries'])).toBeGreaterThan(3);
  },
  volume: (rows) => {
    expect(rows[0]).toEqual({ 'http.url_details.path': '/api/v1/organization', requests: 4 });
    expect(rows).toContainEqual({ 'http.url_details.path': '/api/v1/members/nobody', requests: 1 });
  },
  overTime: (rows) => {
    expect(rows.reduce((sum, { requests }) => sum + Number(requests), 0)).toBe(9);
    expect(Math.max(...rows.map(({ worst }) => Number(worst)))).toBe(500);
  },
  aborted: (rows) => {
    expect(rows).toEqual([
      { 'http.method': 'PATCH', 'http.url_details.path': '/api/v1/organization', aborted: 1, waited: expect.any(Number) },
    ]);
  },
  errors: (rows) => expect(rows).toContainEqual(failure()),
  errorsByEvent: (rows) => {
    expect(rows).toContainEqual(
      expect.objectContaining({
        event: 'unhandled_error',
        'error.kind': 'QueryFailedError',
        errors: 1,
        example: correlationIdOf(incidents.failed),
      }),
    );
  },
  errorsOfUser: (rows) => expect([...events(rows)].sort()).toEqual(['request_failed', 'unhandled_error']),
  errorsOfOrganization: (rows) => {
    expect([...events(rows)].sort()).toEqual(['request_failed', 'unhandled_error']);
    expect(rows).toContainEqual(failure());
  },
  actionsOfUser: (rows) => {
    expect(rows).toContainEqual(expect.objectContaining({ event: 'audit_recorded', 'audit.action': 'member.invited' }));
    expect(
      rows
        .map((row) => row['http.status_code'])
        .filter(Boolean)
        .sort(),
    ).toEqual([200, 201, 400, 409, 499, 500]);
  },
  welcomeEmail: (rows) => expect(rows).toEqual([]), // Alice was not invited
  webhooks: (rows) => {
    const stripe = { 'webhook.source': 'stripe', 'network.client.ip': '127.0.0.1' };
    expect(rows).toEqual([
      expect.objectContaining({ ...stripe, event: 'webhook_refused', 'webhook.reason': 'signature_invalid' }),
      expect.objectContaining({
        ...stripe,
        event: 'webhook_processed',
        'webhook.outcome': 'unknown_type',
        'webhook.type': 'invoice.paid',
      }),
    ]);
  },
  slowQueries: (rows) => {
    expect(rows[0]).toMatchObject({ 'db.operation': 'SELECT', 'db.statement': expect.stringMatching(/^SELECT .* WHERE .*\$1/) });
    expect(Number(rows[0]!['worst'])).toBeGreaterThan(1_000);
  },
};

describe('the Logs Insights queries', () => {
  it.each(queries)('the query %s finds what happened, and its fields exist in the log lines', (key, query) => {
    const { rows, unknown } = runLogQuery(query);
    expect(unknown).toEqual([]);
    EXPECTED_ROWS[key](rows);
  });

  it('show whether the welcome email was sent, and how to follow an invitation', () => {
    const ofFrank = { 'e-mail': 'frank@example.com' };
    const [invitation, ...others] = runLogQuery(logQueries.welcomeEmail, ofFrank).rows;
    expect([invitation!['event'], others]).toEqual(['member_invite_started', []]);
    const followed = runLogQuery(logQueries.welcomeEmail, { ...ofFrank, 'correlation id': String(invitation!['trace_id']) });
    expect(events(followed.rows)).toEqual(['member_invite_started', 'welcome_email_sent']);
    expect(new Set(followed.rows.map((row) => row['trace_id']))).toEqual(new Set([correlationIdOf(incidents.invited)]));
  });

  it.each(queries)('the query %s names only events that are logged', (_, { text }) => {
    expect(eventsIn(text).filter((event) => !catalog.has(event))).toEqual([]);
  });

  it('each have a unique name and question, and list their parameters', () => {
    expect(new Set(queries.map(([, { name }]) => name)).size).toBe(queries.length);
    for (const [, query] of queries) {
      expect([query.name, query.question]).toEqual([expect.stringMatching(/^\w+\/[\w ]+$/), expect.stringMatching(/[?.]$/)]);
      expect(renderLogQuery(query, values())).not.toMatch(/[<>"][a-z -]+>/);
    }
    expect(renderLogQuery(logQueries.errorsOfUser, { 'user id': 'a" or level = "INFO' })).toContain(
      '= "a\\" or level = \\"INFO"',
    );
  });

  it.each(queries)('the check reports a wrong field or event name in the query %s', (_, query) => {
    const names = new Set(query.text.match(/`[^`]+`/g));
    for (const name of names) {
      const text = query.text.replaceAll(name, `${name.slice(0, -1)}_x\``);
      expect(runLogQuery({ ...query, text }).unknown).toEqual([`${name.slice(1, -1)}_x`]);
    }
    for (const event of eventsIn(query.text)) expect(catalog.has(`${event}_x`)).toBe(false);
    expect(names.size).toBeGreaterThan(0);
  });
});

/** The event names that a query compares with. */
const eventsIn = (text: string): string[] =>
  [...text.matchAll(/\bevent (?:=|in) (\[[^\]]*\]|"[^"]*")/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/"(\w+)"/g)].map(([, event = '']) => event),
  );

describe('the log of a running system', () => {
  const known = new Set<string>(Object.values(LogField));
  const problemsOf = (line: Readonly<Record<string, unknown>>): string[] => {
    const { event, level, logger } = line as Record<string, string>;
    const entry = catalog.get(event!);
    if (!entry) return [`${event} is not in docs/log-events.md`];
    const strange = Object.keys(line).filter(
      (key) => !known.has(key) && !entry.fields.includes(key) && !entry.fields.includes('…'),
    );
    return [
      ...(entry.levels.includes(level!) ? [] : [`${event} at ${level}`]),
      ...(entry.loggers.length === 0 || entry.loggers.includes(logger!) ? [] : [`${event} by ${logger}`]),
      ...strange.map((key) => `${event} has ${key}`),
      ...Object.entries(line)
        .filter(([key, value]) => !hasType(typeOf.get(key), value))
        .map(([key, value]) => `${key} is ${String(value)}`),
    ];
  };

  it('contains only documented events and keys, with the documented levels, loggers and types', () => {
    const seen = incidents.lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(new Set(seen.flatMap(problemsOf))).toEqual(new Set());
    expect(new Set(seen.map(({ event }) => event)).size).toBeGreaterThanOrEqual(15);
    expect(new Set(seen.flatMap((line) => Object.keys(line))).size).toBeGreaterThan(35);
  });

  it.each([
    ['an event that no code logs', { event: 'planted' }, 'planted is not in docs/log-events.md'],
    ['an event at another level', { event: 'request_failed', level: 'INFO', logger: 'http' }, 'request_failed at INFO'],
    ['an event from another logger', { event: 'request_failed', level: 'ERROR', logger: 'x' }, 'request_failed by x'],
    [
      'a key that is not documented',
      { event: 'request_failed', level: 'ERROR', logger: 'http', planted: 1 },
      'request_failed has planted',
    ],
    [
      'a key that collides with a reserved one',
      { event: 'request_failed', level: 'ERROR', logger: 'http', 'extra.level': 1 },
      'request_failed has extra.level',
    ],
    ['a text instead of a number', { event: 'request_failed', level: 'ERROR', logger: 'http', duration: '1' }, 'duration is 1'],
  ])('the check reports %s', (_, line, problem) => {
    expect(problemsOf(line)).toEqual([problem]);
  });
});

function hasType(type: string | undefined, value: unknown): boolean {
  if (type === undefined) return true;
  if (type === 'text' || type === 'boolean') return typeof value === (type === 'text' ? 'string' : 'boolean');
  return Number.isInteger(value);
}

describe('docs/find-a-failed-request.md', () => {
  const text = read('docs/find-a-failed-request.md');

  it('shows the response exactly as the api sends it', () => {
    const [shown] = codeBlocks(text, 'json');
    expect(Object.keys(JSON.parse(shown!) as object)).toEqual(Object.keys(incidents.failed.body));
    expect(JSON.parse(shown!)).toEqual({ ...incidents.failed.body, correlation_id: expect.any(String) });
  });

  it('shows the output of npm run explain for such a request', async () => {
    const { system, failed } = incidents;
    const olga = await system.token('olga@example.com');
    const command = [
      join(root, 'scripts/explain.ts'),
      correlationIdOf(failed),
      '--url',
      `http://127.0.0.1:${system.api.port}`,
      '--token',
      olga,
    ];
    const { stdout } = await run(process.execPath, command, { cwd: root });
    const essence = (output: string): string[] =>
      output
        .split('\n')
        .filter((line) => !/^\d{4}-/.test(line)) // without times and ids
        .map((line) =>
          line
            .replace(/[\d.]+ (?:ms|s)\b/g, 'some time')
            .replace(/ +/g, ' ')
            .trim(),
        )
        .filter(Boolean);
    const [shown] = codeBlocks(text, 'text');
    const seenAs = 'Seen as alice@example.com, an admin of acme, who sees every entry.'; // not printed with --url
    expect(essence(shown!)).toContain(seenAs);
    expect(essence(stdout)).toEqual(essence(shown!).filter((line) => line !== seenAs));
  });

  it('shows the queries of the code', () => {
    const shown = codeBlocks(text, 'insights').map((block) => block.trim());
    const written = queries.map(([, query]) => query.text);
    expect(shown.length).toBeGreaterThanOrEqual(4);
    expect(shown.filter((query) => !written.includes(query))).toEqual([]);
  });

  it('names only events and fields that exist', () => {
    const named = codeSpans(text).filter((code) => /^[a-z]+(_[a-z]+)+$/.test(code) && !known(code));
    expect(named).toEqual([]);
  });

  const known = (code: string): boolean => catalog.has(code) || typeOf.has(code) || ['correlation_id'].includes(code);
});
