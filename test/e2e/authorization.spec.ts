import { System } from '../support/system/system.js';

const ALICE = 'alice@example.com'; // an admin of acme
const BOB = 'bob@example.com';

/** Authorization reads the role with each request, and nothing that events keep. */
describe('an admin who is demoted while no worker runs', () => {
  let system: System;
  let ports: number[];

  beforeAll(async () => {
    system = await System.start({ worker: false });
    await system.startApi();
    ports = system.services.map(({ port }) => port);
    expect(new Set(ports).size).toBe(2);
    const alice = await system.client(ALICE);
    const { data } = await alice.POST('/api/v1/members/invitations', { body: { email: BOB, role: 'admin' } });
    await system.query(
      `update organizations_member set status = 'active', joined_at = now(), provider_id = 'member-test-bob' where id = $1`,
      [data!.id],
    );
  });
  afterAll(() => system.stop());

  const statuses = (path: '/api/v1/members' | '/api/v1/me'): Promise<number[]> =>
    Promise.all(ports.map(async (port) => (await (await system.client(BOB, port)).GET(path)).response.status));

  it.each([
    ['demoted', '/api/v1/members'],
    ['removed', '/api/v1/me'],
  ] as const)('an admin who was %s is refused by the next request to each api process', async (change, path) => {
    const [bob] = await system.query<{ id: string }>(`select id from organizations_member where provider_id = 'member-test-bob'`);
    expect(await statuses(path)).toEqual([200, 200]); // fills what the processes could keep
    const alice = await system.client(ALICE, ports[0]!);
    const member = { params: { path: { id: bob!.id } } };
    const { response } =
      change === 'demoted'
        ? await alice.PATCH('/api/v1/members/{id}', { ...member, body: { role: 'member' } })
        : await alice.DELETE('/api/v1/members/{id}', member);
    expect(response.ok).toBe(true);
    expect(await statuses(path)).toEqual([403, 403]);
    expect(await system.query('select from permissions_cache')).toEqual([]); // no worker has written it
  });
});
