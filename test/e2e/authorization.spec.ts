import { System } from '../support/system/system.js';

const ALICE = 'alice@example.com'; // an admin of acme
const BOB = 'bob@example.com';
const MAX_DELAY_MS = 1_000;

/** Authorization reads the role with each request, and nothing that events keep. */
describe('an admin who is demoted while no worker runs', () => {
  let system: System;
  let ports: number[];

  beforeAll(async () => {
    system = await System.start({ worker: false });
    await system.startApi();
    ports = system.services.map(({ port }) => port);
    expect(new Set(ports).size).toBe(2);
    const { body } = await system.request('POST', '/members/invitations', { as: ALICE, body: { email: BOB, role: 'admin' } });
    await system.query(
      `update organizations_member set status = 'active', joined_at = now(), provider_id = 'member-test-bob' where id = $1`,
      [body['id']],
    );
  });
  afterAll(() => system.stop());

  const statuses = (path: string): Promise<number[]> =>
    Promise.all(ports.map(async (port) => (await system.request('GET', path, { as: BOB, port })).status));

  it.each([
    ['demoted', 'PATCH', { role: 'member' }, '/members'],
    ['removed', 'DELETE', undefined, '/me'],
  ])('is refused by both api processes within a second once %s', async (_, method, body, path) => {
    const [bob] = await system.query<{ id: string }>(`select id from organizations_member where provider_id = 'member-test-bob'`);
    expect(await statuses(path)).toEqual([200, 200]); // fills what the processes could keep
    const changed = await system.request(method, `/members/${bob!.id}`, { as: ALICE, port: ports[0]!, ...(body && { body }) });
    expect(changed.status).toBeLessThan(300);
    const changedAt = performance.now();
    expect(await statuses(path)).toEqual([403, 403]);
    expect(performance.now() - changedAt).toBeLessThan(MAX_DELAY_MS);
    expect(await system.query('select from permissions_cache')).toEqual([]); // no worker has written it
  });
});
