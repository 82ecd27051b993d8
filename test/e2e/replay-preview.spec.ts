import { newId } from '@pikaia/core';
import { System } from '../support/system/system.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const CAROL = 'carol@example.com'; // a member of acme
const GINA = 'gina@example.com'; // an admin of globex
const OLGA = 'olga@example.com'; // an operator
const VERA = 'vera@example.com'; // a viewer
const SINK = 'local/welcome-email';

interface Command {
  readonly id: string;
  readonly status: string;
  readonly sinks: readonly { readonly sink: string; readonly expected: number | null; readonly answer: object | null }[];
}

let system: System;
const events: Record<string, string[]> = { [ALICE]: [], [GINA]: [] };

const post = (path: string, as: string, body: object) => system.request('POST', path, { as, body });
const get = (path: string, as = OLGA) => system.request('GET', path, { as });
const preview = (as: string, body: object) => post('/admin/events/replay/preview', as, body);
const sinkOf = ({ body }: { readonly body: object }) =>
  (body as { sinks: { sink: string }[] }).sinks.find(({ sink }) => sink === SINK);
const openReplays = async (as: string) =>
  ((await get('/admin/outbox/commands?command=replay&state=open', as)).body['data'] as Command[]).map(({ id }) => id);

beforeAll(async () => {
  system = await System.start({ environment: { OUTBOX_POLL_INTERVAL_MS: '200' } });
  for (const as of [ALICE, ALICE, ALICE, GINA]) {
    const { body } = await post('/members/invitations', as, { email: `${newId()}@example.com`, role: 'member' });
    const found = await get(`/admin/events?aggregate_id=${String(body['id'])}`, as);
    events[as]!.push((found.body['data'] as { event_id: string }[])[0]!.event_id);
  }
  await pollUntil(async () => ((await get(`/admin/events?sink=${SINK}&status=published`)).body['data'] as object[]).length === 4);
});
afterAll(() => system.stop());

describe('POST /admin/events/replay/preview', () => {
  it('counts what each sink would get, for operators, viewers, and admins within their organization', async () => {
    const filter = { event_type: 'member.invited' };
    const counts = { sink: SINK, state: 'active', dead_letters: 0, first_deliveries: 0, skipped: 0, is_capped: false };
    for (const as of [OLGA, VERA]) expect(sinkOf(await preview(as, { filter }))).toEqual({ ...counts, matched: 4 });
    expect(sinkOf(await preview(ALICE, { filter }))).toEqual({ ...counts, matched: 3 });
    const chosen = { event_ids: [events[ALICE]![0]!.toUpperCase(), events[GINA]![0]] };
    expect(sinkOf(await preview(OLGA, { filter: chosen, sink: SINK }))).toEqual({ ...counts, matched: 2 });
    expect(sinkOf(await preview(GINA, { filter: chosen }))).toEqual({ ...counts, matched: 1 });
    expect((await preview(CAROL, { filter })).status).toBe(403);
  });

  it('writes nothing', async () => {
    const rows = () =>
      system.query(
        `select (select count(*) from outbox.outbox_command) as commands, (select count(*) from audit.record) as entries`,
      );
    const before = await rows();
    expect((await preview(OLGA, { filter: { event_type: 'member.invited' } })).status).toBe(200);
    expect(await rows()).toEqual(before);
  });

  it.each<[string, object, number, string]>([
    ['no condition', { filter: {} }, 422, 'filter'],
    ['no event', { filter: { event_ids: [] } }, 422, 'filter.event_ids'],
    ['an event that is null', { filter: { event_ids: [null] } }, 422, 'filter.event_ids'],
    ['an id that is not a UUID', { filter: { event_ids: ['1'] } }, 422, 'filter.event_ids'],
    ['too many events', { filter: { event_ids: Array.from({ length: 501 }, () => newId()) } }, 422, 'filter.event_ids'],
    ['a status that cannot be replayed', { filter: { status: 'waiting' } }, 422, 'filter.status'],
  ])('is refused with %s', async (_, body, status, field) => {
    expect(await preview(OLGA, body)).toMatchObject({ status, body: { errors: [{ field }] } });
  });

  it('is refused for a sink that does not exist, and for another organization', async () => {
    expect((await preview(OLGA, { filter: { status: 'failed' }, sink: 'local/none' })).status).toBe(404);
    const { body } = await get('/me', GINA);
    expect((await preview(ALICE, { filter: { organization_id: body['organization_id'] } })).status).toBe(403);
  });
});

describe('a replay of selected events', () => {
  it('is listed while it is open, with the number of events that it is expected to send, and sends only these', async () => {
    await system.worker.stop();
    const filter = { event_ids: [events[ALICE]![0], events[ALICE]![2], events[GINA]![0]] };
    const { status, body } = await post('/admin/events/replay', ALICE, {
      filter,
      dry_run: false,
      sink: SINK,
      reason: 'Lost mail.',
    });
    const replay = body as unknown as Command;
    expect([status, replay.sinks]).toEqual([202, [expect.objectContaining({ sink: SINK, expected: 2 })]]);
    expect([await openReplays(ALICE), await openReplays(OLGA), await openReplays(GINA)]).toEqual([[replay.id], [replay.id], []]);
    await system.startWorker();
    const command = await waitFor('the end of the replay', async () => {
      const seen = (await get(`/admin/outbox/commands/${replay.id}`)).body as unknown as Command;
      return seen.status === 'done' && seen;
    });
    expect(command.sinks).toMatchObject([{ answer: { matched: 2, sent: 2 } }]);
    expect(await openReplays(OLGA)).toEqual([]);
    const { body: audit } = await get(`/admin/audit-logs?aggregate_id=${replay.id}`);
    expect(audit['data']).toMatchObject([{ action: 'events.replay_requested', diff: { new: { reason: 'Lost mail.' } } }]);
  });

  it('refuses the cursor of another selection of commands', async () => {
    for (let n = 0; n < 2; n++) await post('/admin/events/replay', OLGA, { filter: { status: 'failed' } });
    const page = await get('/admin/outbox/commands?command=replay&limit=1');
    const cursor = encodeURIComponent(String(page.body['next_cursor']));
    expect((await get(`/admin/outbox/commands?command=replay&limit=1&cursor=${cursor}`)).status).toBe(200);
    expect((await get(`/admin/outbox/commands?limit=1&cursor=${cursor}`)).status).toBe(422);
    expect((await get('/admin/outbox/commands?command=pause')).body['data']).toEqual([]);
  });
});
