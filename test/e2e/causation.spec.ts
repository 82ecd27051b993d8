import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const root = resolve(__dirname, '../..');
const CONSUMERS = pathToFileURL(resolve(root, 'test/support/system/publishing-consumers.mjs')).href;
const ALICE = 'alice@example.com';
const OLGA = 'olga@example.com';

interface Shown {
  readonly event_id: string;
  readonly event_type: string;
  readonly causation_id: string | null;
  readonly [field: string]: unknown;
}

/** An invitation makes a consumer publish `seat.taken`, and its consumer publish `invoice.changed`, or fail. */
describe('the events that consumers publish', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ worker: false });
    await system.startWorker({ NODE_OPTIONS: `--import ${CONSUMERS}` });
  });
  afterAll(() => system.stop());

  /** @param statuses of the events that have to exist, by type. */
  async function invite(email: string, statuses: Readonly<Record<string, string>>) {
    const body = { email, role: 'member' };
    const { headers, status } = await system.request('POST', '/members/invitations', { as: ALICE, body });
    expect(status).toBe(201);
    const id = headers.get('x-correlation-id')!;
    const events = await waitFor('the events of the chain', async () => {
      const found = await list(`correlation_id=${id}`, ALICE);
      const reached = Object.entries(statuses).every(([type, status]) =>
        found.some((event) => event.event_type === type && event['status'] === status),
      );
      return reached && found.toReversed();
    });
    return { id, events };
  }

  const list = async (query: string, as: string): Promise<Shown[]> =>
    (await system.request('GET', `/admin/events?${query}`, { as })).body['data'] as Shown[];

  async function explain(id: string, as: string): Promise<string> {
    const options = ['--url', `http://127.0.0.1:${system.api.port}`, '--token', await system.token(as)];
    const { stdout } = await promisify(execFile)(process.execPath, [resolve(root, 'scripts/explain.ts'), id, ...options]);
    return stdout;
  }

  it('name their causes in every view, and explain shows them as a tree with audit entries and log lines', async () => {
    const done = { 'member.invited': 'published', 'seat.taken': 'published', 'invoice.changed': 'not_wanted' };
    const { id, events } = await invite('guest@example.com', done);
    const [invited, seat, invoice] = events as [Shown, Shown, Shown];
    expect(events.map(({ event_type: type, causation_id: cause }) => [type, cause])).toEqual([
      ['member.invited', null],
      ['seat.taken', invited.event_id],
      ['invoice.changed', seat.event_id],
    ]);
    expect(seat['payload']).toMatchObject({ causation_id: invited.event_id, actor: { type: 'system', id: 'seats' } });
    const { body } = await system.request('GET', `/admin/events/${seat.event_id}`, { as: ALICE });
    expect(body).toMatchObject({ cause: { event_id: invited.event_id }, caused: [{ event_id: invoice.event_id }] });
    const line = await waitFor('the line of the sink log', () =>
      system.worker.linesOf('domain_event').find((one) => one['event.id'] === invoice.event_id),
    );
    expect(line).toMatchObject({ causation_id: seat.event_id });

    const rows = (await explain(id, ALICE)).split('\n');
    const indentOf = (text: RegExp): number => /^ *\+\S+ \S+( +)/.exec(rows.find((row) => text.test(row))!)![1]!.length;
    const margin = indentOf(/■ audit +member\.invited/);
    expect(indentOf(/◆ event +member\.invited/)).toBe(margin);
    for (const below of [/◆ event +seat\.taken/, /■ audit +seat\.taken/, /✓ receipt +seats/, /✓ receipt +welcome-email/])
      expect(indentOf(below)).toBe(margin + 2);
    for (const deep of [/◆ event +invoice\.changed/, /✓ receipt +billing/]) expect(indentOf(deep)).toBe(margin + 4);
  });

  it('show their personal data to admins, and masks to operators: in dead letters, lists, log lines and explain', async () => {
    const email = 'refused.guest@example.com';
    const { id, events } = await invite(email, { 'member.invited': 'published', 'seat.taken': 'failed' });
    const seat = events.find(({ event_type: type }) => type === 'seat.taken')!;
    expect(seat).toMatchObject({
      payload: { data: { holder: email } },
      last_error: 'Error: No account for [masked].',
      deciding_deliveries: [{ sink: 'local/billing', last_error: 'Error: No account for [masked].' }],
    });
    const shown = await Promise.all([
      list('status=failed', OLGA),
      list(`correlation_id=${id}`, OLGA),
      system.request('GET', `/admin/events/${seat.event_id}`, { as: OLGA }),
      system.request('GET', `/admin/correlations/${id}`, { as: OLGA }),
      explain(id, OLGA),
    ]);
    for (const one of shown) expect(JSON.stringify(one)).not.toMatch(/refused\.guest|alice@/);
    expect(JSON.stringify(shown)).toContain('[masked]');
    expect(shown.at(-1)).toMatch(/\nby [\da-f-]{36}, from /); // the id of the person, whose email address is masked
    const failure = await waitFor('the line of the dead letter', () =>
      system.worker.linesOf('event_failed').find((line) => line['event.id'] === seat.event_id),
    );
    expect(failure).toMatchObject({ 'error.message': 'No account for [masked].' });
    expect(system.worker.text()).not.toContain(email);
    const [stored] = await system.query<{ holder: string }>(
      `select payload->'data'->>'holder' as holder from outbox.outbox_log where event_id = $1`,
      [seat.event_id],
    );
    expect(stored).toEqual({ holder: email });
  });
});
