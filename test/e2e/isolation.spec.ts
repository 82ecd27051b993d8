import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { CallArbitrary, type Call } from '../support/openapi/call.arbitrary.js';
import { endpointsOf, readDocument, type Endpoint } from '../support/openapi/document.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { createTenant, rowsOf, type Row, type Tenant } from '../support/system/tenants.js';

const SEED = 20_261_130;
const RUNS = 10; // for each operation
const RUNS_OF_COLUMN = 2; // for each operation with an id in its path, and each column with ids
const UNSCOPED_MEMBERS = pathToFileURL(resolve(__dirname, '../support/system/unscoped-members.mjs')).href;
const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

const document = readDocument();
const endpoints = endpointsOf(document);
const calls = new CallArbitrary(document);
const nameOf = ({ method, path }: Endpoint) => `${method.toUpperCase()} ${path}`;

let system: System;
let tenants: readonly [Tenant, Tenant, Tenant];
/** The texts of each organization that occur in no other: ids, names and addresses. */
let secrets: ReadonlyMap<Tenant, readonly string[]>;
/** The ids of each organization by the column that has them. */
const idsByColumn = new Map<Tenant, Map<string, Id[]>>();
/** The accepted changes that the callers of an organization have sent: later responses may repeat them. */
const accepted = new Map<Tenant, string>();
/** The refused calls of the callers of an organization, which the list of failed requests repeats. */
const refused = new Map<Tenant, string>();

/** By actor, the rows of the other organizations after the actor's last call. Only calls change rows, so they are those before the next. */
const lastState = new Map<Tenant, string>();

beforeAll(async () => {
  system = await System.start();
  const created = [];
  for (const name of ['amber', 'birch', 'cedar']) created.push(await createTenant(system, name));
  tenants = created as unknown as typeof tenants;
  await system.worker.stop(); // from now on, only requests change rows
  const texts = new Map<Tenant, Set<string>>();
  for (const tenant of tenants) {
    const rows = await rowsOf(system, [tenant]);
    texts.set(tenant, textsIn(rows));
    idsByColumn.set(
      tenant,
      Map.groupBy(idsIn(rows), ({ column }) => column),
    );
  }
  secrets = new Map(
    tenants.map((tenant) => {
      const others = tenants.filter((other) => other !== tenant).map((other) => texts.get(other)!);
      return [tenant, [...texts.get(tenant)!].filter((text) => !others.some((other) => other.has(text)))];
    }),
  );
});
afterAll(() => system.stop());

/** The ids, names and addresses in rows. A person has one id in all organizations, so it is not a secret of one. */
function textsIn(rows: readonly Row[]): Set<string> {
  const found = new Set<string>();
  const persons = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (isId(value) || (typeof value === 'string' && /-[\da-f]{8}\b/.test(value))) found.add(value);
    if (typeof value !== 'object' || value === null) return;
    persons.add((value as { user_id?: unknown }).user_id);
    for (const inner of Object.values(value)) visit(inner);
  };
  for (const { columns } of rows) visit(columns);
  return new Set([...found].filter((text) => !persons.has(text)));
}

interface Id {
  readonly column: string;
  readonly id: string;
}

const isId = (value: unknown): value is string => typeof value === 'string' && value.match(UUID)?.[0] === value;

const idsIn = (rows: readonly Row[]): Id[] =>
  rows.flatMap(({ table, columns }) =>
    Object.entries(columns).flatMap(([name, id]) => (isId(id) ? [{ column: `${table}.${name}`, id }] : [])),
  );

interface Attempt {
  readonly actor: Tenant;
  readonly as: string | undefined;
  readonly call: Call;
}

/** Sends a call that names other organizations. @returns what it saw or changed there. */
async function findLeaks({ actor, as, call }: Attempt, port: number): Promise<string[]> {
  const victims = tenants.filter((tenant) => tenant !== actor);
  const stateOf = async () => JSON.stringify(await rowsOf(system, victims));
  const sent = `${decodeURIComponent(call.path.replaceAll('+', ' '))} ${JSON.stringify(call.body)}`;
  const before = lastState.get(actor) ?? (await stateOf());
  const { status, text } = await send(call, as, port);
  const after = await stateOf();
  if (call.method !== 'GET') lastState.clear(); // the actor may have changed its own rows, which the others' calls compare
  lastState.set(actor, after);
  const listed = call.path.startsWith('/api/v1/admin/failed-requests') ? refused.get(actor) : '';
  const known = `${accepted.get(actor)} ${listed} ${sent}`;
  if (call.method !== 'GET' && status < 300) accepted.set(actor, known);
  if (status >= 400) refused.set(actor, `${refused.get(actor)} ${sent}`);
  const seen = victims
    .flatMap((victim) => secrets.get(victim)!)
    .filter((secret) => text.includes(secret) && !known.includes(secret));
  return [
    ...seen.map((secret) => `the response with status ${status} contains ${secret}`),
    ...(before === after ? [] : ['a row of another organization has changed']),
  ];
}

async function send(call: Call, as: string | undefined, port: number): Promise<{ status: number; text: string }> {
  const path = call.path.replace(/^\/api\/v1/, '');
  const options = { port, ...(as !== undefined && { as }), ...(call.body !== undefined && { body: call.body }) };
  const answer: ApiResponse = await system.request(call.method, path, options);
  return { status: answer.status, text: JSON.stringify([answer.body, [...answer.headers]]) };
}

/** Calls of an endpoint by a caller of one organization, with texts of the others, and in the path with their ids of a column. */
const attemptsOn = (endpoint: Endpoint, column?: string): fc.Arbitrary<Attempt> =>
  fc.constantFrom(...tenants).chain((actor) => {
    const victims = tenants.filter((tenant) => tenant !== actor);
    const texts = victims.flatMap((victim) => secrets.get(victim)!);
    const ids = victims.flatMap((victim) => idsByColumn.get(victim)?.get(column ?? '') ?? []).map(({ id }) => id);
    return fc.record({
      actor: fc.constant(actor),
      as: fc.oneof({ weight: 4, arbitrary: fc.constant(actor.admin) }, fc.constantFrom(actor.member, undefined)),
      call: calls.of(endpoint, { texts, ...(ids.length && { pathTexts: ids }) }),
    });
  });

/** @throws Error for a call that sees or changes something of another organization. */
async function check(endpoint: Endpoint, port: number): Promise<void> {
  const isRefused = endpoint.operation['x-roles']!.every((role) => ['operator', 'viewer'].includes(role));
  const columns = endpoint.path.includes('{') && !isRefused ? [...idsByColumn.get(tenants[0])!.keys()] : [undefined];
  for (const column of columns)
    await fc.assert(
      fc.asyncProperty(attemptsOn(endpoint, column), async (attempt) => {
        expect(await findLeaks(attempt, port)).toEqual([]);
      }),
      { seed: SEED, numRuns: column === undefined ? RUNS : RUNS_OF_COLUMN, endOnFailure: true, includeErrorInReport: true },
    );
}

describe('an organization', () => {
  it.each(endpoints.map((endpoint) => [nameOf(endpoint), endpoint] as const))(
    'sees and changes nothing of other organizations with %s and their ids',
    async (_, endpoint) => check(endpoint, system.api.port),
  );

  const readable = endpoints.filter(
    ({ method, path, operation }) => method === 'get' && path.includes('{id}') && operation['x-roles']!.includes('admin'),
  );

  it.each(readable.map((endpoint) => [nameOf(endpoint), endpoint] as const))(
    'gets a response to %s with one of its own ids, so the test knows ids of this kind',
    async (_, { path }) => {
      const statuses = [];
      for (const ids of idsByColumn.get(tenants[0])!.values())
        for (const { id } of ids.slice(-2)) {
          const call = { method: 'GET', path: path.replace('{id}', id) };
          statuses.push((await send(call, tenants[0].admin, system.api.port)).status);
        }
      expect(statuses).toContain(200);
    },
  );

  it('reads its own data with the same calls, so the search for texts of others is not empty', async () => {
    const [{ admin }] = tenants;
    const own = secrets.get(tenants[0])!;
    expect(own.length).toBeGreaterThan(20);
    for (const path of ['/members', '/organization', '/me', '/admin/events', '/admin/audit-logs', '/admin/outbox/commands']) {
      const { text } = await send({ method: 'GET', path }, admin, system.api.port);
      expect([path, own.some((secret) => text.includes(secret))]).toEqual([path, true]);
    }
  });
});

describe('the check', () => {
  let port: number;
  beforeAll(async () => {
    accepted.clear(); // the texts of others that were sent above do not explain a response here
    port = (await system.startApi({ NODE_OPTIONS: `--import ${UNSCOPED_MEMBERS}` })).port;
  });

  const find = (path: string, method: string) => endpoints.find((one) => one.path === path && one.method === method)!;

  it.each([
    ['shows a member of another organization', 'get', 'contains'],
    ['responds with a member of another organization to a change', 'patch', 'contains'],
    ['removes a member of another organization', 'delete', 'a row of another organization has changed'],
  ])('reports an endpoint that %s', async (_, method, finding) => {
    await expect(check(find('/api/v1/members/{id}', method), port)).rejects.toThrow(finding);
  });

  it('reports an endpoint whose arguments it cannot make', () => {
    const endpoint = find('/api/v1/members/{id}', 'get');
    const parameters = [{ name: 'id', in: 'path' as const, required: true, schema: { type: 'string', pattern: '^planted$' } }];
    expect(() => calls.of({ ...endpoint, operation: { ...endpoint.operation, parameters } }, { texts: [] })).toThrow(
      'There is no text for id of get /api/v1/members/{id}',
    );
  });
});
