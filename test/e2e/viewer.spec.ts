import fc from 'fast-check';
import { CallArbitrary, type Call } from '../support/openapi/call.arbitrary.js';
import { endpointsOf, readDocument, type Endpoint } from '../support/openapi/document.js';
import { System } from '../support/system/system.js';

const ALICE = 'alice@example.com'; // an admin
const OLGA = 'olga@example.com'; // an operator
const VERA = 'vera@example.com'; // a viewer
const SEED = 20_261_201;
const RUNS = 5; // for each operation

const document = readDocument();
const endpoints = endpointsOf(document);
const calls = new CallArbitrary(document);
const nameOf = ({ method, path }: Endpoint) => `${method.toUpperCase()} ${path}`;
const rolesOf = ({ operation }: Endpoint) => operation['x-roles']!;
const isPublic = (endpoint: Endpoint) => rolesOf(endpoint).some((role) => role === 'public' || role === 'webhook');

let system: System;
/** Ids of rows, an address and a slug. */
let texts: string[];

beforeAll(async () => {
  system = await System.start();
  const invited = await system.request('POST', '/members/invitations', {
    as: ALICE,
    body: { email: 'bob@example.com', role: 'member' },
    headers: { prefer: 'change-token' },
  });
  await system.waitUntilSeen('welcome-email', invited);
  await system.request('POST', '/admin/events/replay', { as: OLGA, body: { filter: { event_type: 'member.invited' } } });
  await system.worker.stop(); // from now on, only requests change rows
  const rows = await system.query<{ id: string }>(
    `select event_id::text as id from outbox.outbox_log union select id::text from outbox.outbox_command
     union select id::text from audit.record union select correlation_id::text from audit.record
     union select id::text from organizations_user union select id::text from organizations_member
     union select id::text from organizations_organization`,
  );
  texts = [...rows.map(({ id }) => id), 'zoe@example.com', 'zoe'];
});
afterAll(() => system.stop());

/** Hashes the rows of every table. */
async function stateOf(): Promise<unknown> {
  const tables = await system.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in ('public', 'outbox', 'audit') order by 1`,
  );
  expect(tables.length).toBeGreaterThan(15);
  const hashes = tables.map(
    ({ name }) => `select '${name}' as name, md5(string_agg(t::text, '' order by t::text)) from ${name} t`,
  );
  return system.query(hashes.join(' union all '));
}

const send = ({ method, path, body }: Call, as: string) =>
  system.request(method, path.replace(/^\/api\/v1/, ''), { as, ...(body !== undefined && { body }) });

const sinkText = (endpoint: Endpoint) => (endpoint.path.includes('/sinks/') ? ['welcome-email', 'local'] : []);
const callsOf = (endpoint: Endpoint) => calls.of(endpoint, { texts: [...texts, ...sinkText(endpoint)] });

const changing = endpoints.filter((endpoint) => endpoint.method !== 'get' && !isPublic(endpoint));
const readByOperators = endpoints.filter((endpoint) => endpoint.method === 'get' && rolesOf(endpoint).includes('operator'));

describe('a viewer', () => {
  it.each(changing.map((endpoint) => [nameOf(endpoint), endpoint] as const))('changes nothing with %s', async (_, endpoint) => {
    const before = await stateOf();
    await fc.assert(
      fc.asyncProperty(callsOf(endpoint), async (call) => {
        const { status } = await send(call, VERA);
        if (!rolesOf(endpoint).includes('viewer')) expect(status).toBe(403);
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure: true, includeErrorInReport: true },
    );
    expect(await stateOf()).toEqual(before);
  });

  it.each(readByOperators.map((endpoint) => [nameOf(endpoint), endpoint] as const))(
    'gets the response of an operator to %s, and changes nothing',
    async (_, endpoint) => {
      const before = await stateOf();
      await fc.assert(
        fc.asyncProperty(callsOf(endpoint), async (call) => {
          const [theirs, own] = [await send(call, OLGA), await send(call, VERA)];
          expect(own.status).toBe(theirs.status);
        }),
        { seed: SEED, numRuns: RUNS, endOnFailure: true, includeErrorInReport: true },
      );
      expect(await stateOf()).toEqual(before);
    },
  );

  it('is named by every operation that operators read, and by no operation that changes anything', () => {
    const named = endpoints.filter((endpoint) => rolesOf(endpoint).includes('viewer')).map(nameOf);
    expect(new Set(named)).toEqual(
      new Set([...readByOperators.map(nameOf), 'POST /api/v1/admin/search', 'POST /api/v1/admin/events/replay/preview']),
    );
  });

  it('sees the personal data of an event masked, and its own role', async () => {
    const { body } = await system.request('GET', '/admin/events?event_type=member.invited', { as: VERA });
    expect(JSON.stringify(body)).toContain('[masked]');
    expect(JSON.stringify(body)).not.toContain('@example.com');
    expect((await system.request('GET', '/me', { as: VERA })).body).toMatchObject({ role: 'viewer', organization_id: null });
  });
});

it('the check reports a change by an operator', async () => {
  const before = await stateOf();
  const { status } = await system.request('POST', '/admin/outbox/sinks/local/welcome-email/pause', { as: OLGA }); // planted
  expect(status).toBe(202);
  expect(await stateOf()).not.toEqual(before);
});
