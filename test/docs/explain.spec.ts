import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { terminalOf, type Terminal } from '../../scripts/explain/terminal.ts';
import { timelineText } from '../../scripts/explain/timeline.text.ts';
import type { TrailEntry } from '../../scripts/explain/trail.ts';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';
import { codeBlocks } from './code-blocks.js';
import { chain, ID, invitation, refusedDelivery, refusedRequest, webhooks, withoutAccessLine } from './trails.js';

const root = resolve(__dirname, '../..');
const run = promisify(execFile);

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the script as `npm run explain` does, without a terminal. */
async function explain(...args: string[]): Promise<Run> {
  const command = [resolve(root, 'scripts/explain.ts'), ...args];
  const environment = { PATH: process.env['PATH'], PIKAIA_TOKEN: process.env['PIKAIA_TOKEN'] };
  try {
    const { stdout, stderr } = await run(process.execPath, command, { cwd: root, env: environment });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as unknown as Run;
    return { code, stdout, stderr };
  }
}

const CONTEXT = {
  seenAs: 'Seen as alice.',
  relativePath: (path: string) => path.replace('/home/pikaia/', ''),
  emailFileOf: () => 'var/mail/e1.eml',
};

const render = (entries: readonly TrailEntry[], terminal?: Terminal): string =>
  timelineText({ correlation_id: ID, entries }, CONTEXT, terminal);

/** The lines of the entries. */
const linesOf = (entries: readonly TrailEntry[]): string[] =>
  render(entries)
    .split('\n')
    .filter((line) => /^ *\+/.test(line));

/** Symbol, kind and name of each entry, sorted, because api and worker run concurrently and their order can differ. */
const namesOf = (timeline: string): string[] =>
  [...timeline.matchAll(/^ *\+[\d.]+ (?:m?s|min) +(\S \w+ +[\w.-]+)/gm)].map(([, name = '']) => name).sort();

describe('the timeline of a trail', () => {
  it('shows the request, the entries that it caused, and the answers to the three questions', () => {
    expect(render(invitation)).toBe(`
POST /api/v1/members/invitations  201 in 50 ms
by alice@example.com, from 192.0.2.7, curl/8.5
2026-03-01 12:00:00.000 UTC  ${ID}
Seen as alice.

+10 ms  · log        member_invite_started  email=frank@example.com
+20 ms  ◆ event      member.invited         published  (member m1)
+70 ms    · log      welcome_email_sent     file=var/mail/e1.eml
+81 ms    ✓ receipt  welcome-email          done  message_id=<e1@pikaia.example>
+30 ms  ■ audit      member.invited         new  role: member  email: frank@example.com  (member m1)
+40 ms  · log        audit_recorded
+50 ms  · log        request_completed      201 in 50 ms

Why did this request fail?   It did not fail: 201.
What did this user do?       alice@example.com: member.invited (member m1).
Was the welcome email sent?  Yes, 56 ms after the event was recorded (var/mail/e1.eml).
`);
  });

  it.each([3_600_000, -3_600_000])(
    'counts the time until the email by the clock of the database if the api is %i ms ahead',
    (aheadMs) => {
      const shift = (time: string) => new Date(Date.parse(time) + aheadMs).toISOString();
      const ofApi = ({ kind }: TrailEntry) => kind === 'log' || kind === 'event';
      const shifted = invitation.map((entry) => (ofApi(entry) ? { ...entry, time: shift(entry.time) } : entry));
      expect(render(shifted)).toContain('Yes, 56 ms after the event was recorded');
    },
  );

  it('shows changed fields, failed attempts and pending retries', () => {
    expect(render(refusedDelivery)).toBe(`
PATCH /api/v1/members/m1  200 in 20 ms
by alice@example.com, from 192.0.2.7
2026-03-01 12:00:00.000 UTC  ${ID}
Seen as alice.

+10 ms  ◆ event      member.role_changed  retrying  2 failed attempts at local/badges  last: no such mailbox  (member m1)
+1.5 s    ✗ attempt  local/badges         failed  no such mailbox
+1.5 s    · log      event_refused        sink=local/badges  attempts=1  reason=no such mailbox
+11 ms  ■ audit      member.role_changed  role: member → admin  password: changed  (member m1)
+20 ms  · log        request_completed    200 in 20 ms

Why did this request fail?          It did not fail: 200.
What did this user do?              alice@example.com: member.role_changed (member m1).
Was member.role_changed delivered?  Not yet: it will be retried after 2 failed attempts at local/badges. Last error: no such mailbox
`);
  });

  it('shows the webhooks of an event with their attempts, and answers whether each arrived', () => {
    expect(linesOf(webhooks).map((line) => line.replace(/ +/g, ' ').trim())).toEqual([
      '+0 ms ◆ event member.removed published (member m1)',
      '+10 ms → webhook member.removed delivered to endpoint w1',
      '+20 ms → webhook_attempt attempt 1 timeout: No response within 15000 ms. in 15.0 s',
      '+30 ms → webhook member.removed pending to endpoint w2',
      '+20.0 s → webhook_attempt attempt 2 responded 204 in 80 ms',
    ]);
    expect(render(webhooks)).toMatch(/Did the webhook member\.removed arrive at endpoint w1\? +Yes, at attempt 2\./);
    expect(render(webhooks)).toMatch(
      /Did the webhook member\.removed arrive at endpoint w2\? +Not yet: no attempt has a result\./,
    );
  });

  it('shows below each event what its consumers left, with the entries of a consumer together', () => {
    expect(linesOf(chain)).toEqual([
      '+10 ms  ◆ event        member.removed     published  (member m1)',
      '+15 ms    · log        domain_event       member.removed',
      '+30 ms    · log        seat_released',
      '+32 ms    ◆ event      seat.released      published  (member m1)',
      '+50 ms      · log      invoice_changed',
      '+51 ms      ■ audit    invoice.changed    new  (member m1)',
      '+52 ms      ◆ event    invoice.changed    published  (member m1)',
      '+53 ms      ✓ receipt  billing            done',
      '+33 ms    ■ audit      seat.released      new  (member m1)',
      '+34 ms    · log        audit_recorded',
      '+36 ms    ✓ receipt    seats              done',
      '+31 ms    · log        access_closed',
      '+35 ms    ✓ receipt    access             done',
      '+20 ms  · log          request_completed  204 in 20 ms',
    ]);
  });

  it.each([
    [499, 'The client disconnected before the response was complete.'],
    [408, 'It was refused with 408. The response body contains the reason.'], // the client did not send its body in time
  ])('says how a request ended that was aborted with %i', (status, how) => {
    const [line] = refusedRequest.slice(-1);
    const aborted = { ...line, event: 'request_aborted', 'http.status_code': status } as TrailEntry;
    expect(render([aborted])).toMatch(new RegExp(`Why did this request fail\\? +${how}`));
  });

  it('answers what the user did without the audit entries of consumers, unless there are no others', () => {
    const ofUser = invitation.filter(({ kind }) => kind === 'audit');
    expect(render(chain)).toContain('seats: seat.released (member m1); billing: invoice.changed (member m1).');
    expect(render([...chain, ...ofUser])).toMatch(
      /What did this user do\? +alice@example\.com: member\.invited \(member m1\)\.\n/,
    );
  });

  it('names the cause of an event if the trail does not have it, and shows every entry once', () => {
    const without = chain.filter((entry) => entry.kind !== 'event' || entry.event_id !== 'e2');
    expect(linesOf(without)).toContain('+52 ms  ◆ event      invoice.changed    published  (member m1)  caused by e2');
    expect(linesOf(without)).toHaveLength(without.length);
  });

  it('shows events that cause each other, and leaves an audit entry at the margin if its consumer handled several events', () => {
    const circle = chain.map((entry) =>
      entry.kind === 'event' ? { ...entry, causation_id: entry.event_id === 'e1' ? 'e3' : entry.causation_id! } : entry,
    );
    expect(linesOf(circle)).toHaveLength(chain.length);
    const again = { ...chain.at(-1)!, event_id: 'e3' } as TrailEntry;
    const lines = linesOf([...chain, again]);
    expect(lines).toContainEqual(expect.stringMatching(/^\+51 ms {2}■ audit +invoice\.changed/));
    expect(lines).toContainEqual(expect.stringMatching(/^\+33 ms {4}■ audit +seat\.released/)); // its log line names the event
  });

  it('shows why a request was refused, and that it changed nothing', () => {
    const text = render(refusedRequest);
    expect(text).toContain('Why did this request fail?   It was refused with 409. This person is a member already.\n');
    expect(text).toContain('What did this user do?       Changed nothing: there is no audit entry.\n');
    expect(text).toContain('Was the welcome email sent?  There was no email to send: no event was published.\n');
  });

  it('shows the error of a failed request, and reports a missing access line', () => {
    const text = render(withoutAccessLine);
    expect(text).toContain('No access line: the request is still running, was cut off, or its log lines no longer exist.');
    expect(text).toContain('Error: boom [2J (E_BOOM)'); // without its control character
    expect(text).not.toContain('\u001b');
    expect(text).toContain('The request is still running, or its log lines no longer exist. payment_failed: boom [2J (E_BOOM).');
  });

  it('says which kinds are not complete and where the rest is, and names the size of what a list leaves out', () => {
    const [next, hint] = ['/api/v1/admin/events?cursor=c', 'The next page has older ones.'];
    const shortened = { bytes: 20_000, url: '/api/v1/admin/audit-logs/a1' };
    const entries = invitation.map((entry) => (entry.kind === 'audit' ? { ...entry, diff: null, shortened } : entry));
    const text = timelineText({ correlation_id: ID, entries, truncated: [{ kind: 'event', shown: 100, next, hint }] }, CONTEXT);
    expect(text).toContain(
      '\nNot complete: there are more than these 100 entries of the kind event. The next page has older ones. GET /api/v1/admin/events?cursor=c\n',
    );
    expect(text).toContain(
      'changed: email, id, joined_at, role  diff of 20000 bytes: GET /api/v1/admin/audit-logs/a1  (member m1)',
    );
    expect(text).not.toContain('removed');
    expect(render(invitation)).not.toContain('Not complete');
  });

  it('wraps lines at the width of the terminal, but does not break words, so that they can be copied', () => {
    const lines = render(invitation, { color: false, columns: 72 }).split('\n');
    const tooLong = lines.filter((line) => line.length > 72);
    expect(tooLong.every((line) => !line.trim().includes(' ') || line.includes(ID))).toBe(true);
    expect(lines.length).toBeGreaterThan(render(invitation).split('\n').length);
  });

  it('uses color only for a terminal, and not if NO_COLOR is set', () => {
    const terminal = { isTTY: true, columns: 80 };
    const seen = [terminalOf(terminal, {}), terminalOf(terminal, { NO_COLOR: '1' }), terminalOf({}, {})];
    expect(seen.map(({ color, columns }) => [color, columns ?? null])).toEqual([
      [true, 80],
      [false, 80],
      [false, null],
    ]);
    expect(render(invitation, { color: true })).toContain('\u001b[32m');
  });
});

describe('npm run explain', () => {
  let server: Server;
  let url: string;
  const answers: { status: number; body: object }[] = [];

  beforeAll(async () => {
    server = createServer((_request, response) => {
      const { status, body } = answers.shift()!;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  it('prints its usage when it gets no valid correlation ID', async () => {
    for (const args of [[], ['nope'], ['--unknown', ID]]) {
      const { code, stdout, stderr } = await explain(...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('npm run explain -- ');
    }
  });

  it('fails with a one-line message if there are no entries for the ID', async () => {
    answers.push({ status: 200, body: { correlation_id: ID, entries: [] } });
    const { code, stdout, stderr } = await explain(ID, '--url', url, '--token', 't');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^No entries found for [-\da-f]{36}\. .*\n$/);
  });

  it('prints the reason when the API refuses the request or cannot be reached', async () => {
    answers.push({ status: 401, body: { detail: 'Sign in again.' } });
    expect((await explain(ID, '--url', url, '--token', 't')).stderr).toBe(`${url} answered 401: Sign in again.\n`);
    const nobody = await explain(ID, '--url', 'http://127.0.0.1:9', '--token', 't');
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 does not respond/) });
    expect((await explain(ID, '--url', url)).stderr).toContain('PIKAIA_TOKEN');
  });

  it('prints the unchanged entries with --json, and to stderr that they are not complete', async () => {
    const truncated = [{ kind: 'log', shown: 7, next: null, hint: 'Search the files.' }];
    answers.push({ status: 200, body: { correlation_id: ID, entries: invitation, truncated } });
    const { code, stdout, stderr } = await explain(ID.toUpperCase(), '--json', '--url', url, '--token', 't');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(invitation);
    expect(stderr).toBe('Not complete: there are more than these 7 entries of the kind log. Search the files.\n');
  });

  it('explains an accepted and a refused invitation of a real system', async () => {
    const system = await System.start();
    try {
      const alice = 'alice@example.com';
      const made = await system.request('POST', '/members/invitations', {
        as: alice,
        body: { email: 'frank@example.com', role: 'member' },
      });
      const id = made.headers.get('x-correlation-id')!;
      await waitFor('the event is logged', () => system.worker.linesOf('domain_event').some((line) => line['trace_id'] === id));
      await waitFor('the event is published', async () => {
        const { body } = await system.request('GET', `/admin/events?correlation_id=${id}`, { as: alice });
        return (body['data'] as { status: string }[])[0]?.status === 'published';
      });
      const { code, stdout, stderr } = await explain(
        id,
        '--url',
        `http://127.0.0.1:${system.api.port}`,
        '--token',
        await system.token(alice),
      );
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^\nPOST \/api\/v1\/members\/invitations {2}201 in /);
      expect(stdout).toMatch(/◆ event +member\.invited .* published/);
      expect(stdout).toMatch(/s {4}✓ receipt +welcome-email /);
      expect(stdout).toMatch(/Was the welcome email sent\? {2}Yes, [\d.]+ m?s after the event was recorded/);
      const again = await system.request('POST', '/members/invitations', {
        as: alice,
        body: { email: 'carol@example.com', role: 'member' },
      });
      const refused = again.headers.get('x-correlation-id')!;
      await waitFor('the access line of the request', () =>
        system.lines.some((line) => line['trace_id'] === refused && line['http.status_code'] === 409),
      );
      const olga = await system.token('olga@example.com');
      expect((await explain(refused, '--url', `http://127.0.0.1:${system.api.port}`, '--token', olga)).stdout).toMatch(
        /It was refused with 409\. This person is a member already\./,
      );
      const readme = codeBlocks(readFileSync(resolve(root, 'README.md'), 'utf8'), 'text')[0]!;
      expect(namesOf(readme)).toHaveLength(12);
      const shown = namesOf(stdout).filter((name) => !name.endsWith('member-counter')); // the additional consumer of the tests
      expect(new Set(shown)).toEqual(new Set(namesOf(readme))); // the example in the README is current
    } finally {
      await system.stop();
    }
  });
});
