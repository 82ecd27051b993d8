import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const FORGETFUL = pathToFileURL(resolve(__dirname, '../support/system/forgetful-services.mjs')).href;
const ALICE = 'alice@example.com';

describe('a route whose code forgets the event or the entry of its action', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ worker: false });
  });
  afterAll(() => system.stop());

  const invite = (email: string, { port } = system.services[0]!) =>
    system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' }, port });

  /** The numbers of members, events and entries that a request left. */
  async function leftBy(email: string, headers: Headers): Promise<Record<string, number>> {
    const [counts] = await system.query<Record<string, number>>(
      `select (select count(*) from organizations_member where email = $1)::int as members,
         (select count(*) from outbox.outbox_log where correlation_id = $2)::int as events,
         (select count(*) from audit.record where correlation_id = $2)::int as entries`,
      [email, headers.get('x-correlation-id')],
    );
    return counts!;
  }

  it.each([
    ['publish', 'PIKAIA_AUDIT_EVENT_MISSING'],
    ['record', 'PIKAIA_AUDIT_ENTRY_MISSING'],
  ])('responds 500 and changes nothing if it forgets to %s, and the log says why', async (call, code) => {
    const api = await system.startApi({ NODE_OPTIONS: `--import ${FORGETFUL}`, PIKAIA_FORGOTTEN: call });
    const email = `forgotten-${call}@example.com`;
    const { status, headers } = await invite(email, api);
    expect(status).toBe(500);
    expect(await leftBy(email, headers)).toEqual({ members: 0, events: 0, entries: 0 });
    const line = await waitFor('the error', () => api.linesOf('unhandled_error')[0]);
    expect(line).toMatchObject({ 'error.code': code, trace_id: headers.get('x-correlation-id') });
    await api.stop();
  });

  it('leaves the member, the event and the entry if it forgets nothing', async () => {
    const { status, headers } = await invite('kept@example.com');
    expect(status).toBe(201);
    expect(await leftBy('kept@example.com', headers)).toEqual({ members: 1, events: 1, entries: 1 });
  });
});
