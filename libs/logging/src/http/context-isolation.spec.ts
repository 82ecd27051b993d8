import { Agent, request as send } from 'node:http';
import fc from 'fast-check';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { probe } from '../../../../test/support/http/probe.application.js';
import { SERVERS, startProbe, type Probe } from '../../../../test/support/http/probe.servers.js';
import { captureLogs, expectNoContextLeak, type LeakCheck } from '../testing/index.js';

const USERS = 200;

describe.each(SERVERS)('the context of a request on %s', (_server, adapter) => {
  let running: Probe;
  let database: TestDatabase;

  beforeAll(async () => {
    using _quiet = captureLogs();
    database = await createDatabase({ empty: true });
    probe.pool = new pg.Pool({ connectionString: database.ownerUrl, max: 2 });
    running = await startProbe(adapter);
  });
  beforeEach(() => void (probe.planted = 'none'));
  afterAll(async () => {
    using _quiet = captureLogs();
    await running.app.close();
    await probe.pool!.end();
    await database.drop();
  });

  const check = (pathOf: (index: number) => string, more: Partial<LeakCheck> = {}): Promise<void> =>
    expectNoContextLeak({
      url: running.url,
      request: ({ index, name }) => ({ path: pathOf(index), headers: { 'x-user': name } }),
      fields: ({ name }) => ({ 'usr.id': name, 'usr.email': `${name}@example.com`, 'organization.id': `org of ${name}` }),
      requests: USERS,
      ...more,
    });

  const delays = (runs: number) =>
    fc
      .sample(fc.array(fc.array(fc.nat(15), { minLength: 1, maxLength: 4 }), { minLength: USERS, maxLength: USERS }), {
        seed: 15,
        numRuns: runs,
      })
      .map((pauses) => (index: number) => `/slow/${pauses[index]!.join('-')}`);

  it(`each line has the context of its own request, with ${USERS} concurrent users and random delays`, async () => {
    for (const pathOf of delays(2)) await check(pathOf, { connections: 50 });
  });

  it.each(['variable', 'mutated', 'outside'] as const)('the check above detects a planted leak: %s', async (planted) => {
    probe.planted = planted;
    const [slow] = delays(1);
    await expect(check(planted === 'outside' ? () => '/handler' : slow!)).rejects.toThrow(
      planted === 'outside' ? /in_handler: no request context/ : /slept of sender-\S+ contains sender-/,
    );
  });

  it('a request on a connection that another user used before does not have the context of that user', async () => {
    using logs = captureLogs();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (user?: string): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const call = send(`${running.url}/timer`, { agent, headers: user ? { 'x-user': user } : {} }, (response) =>
          response.resume().on('end', () => resolve(call.reusedSocket)),
        );
        call.on('error', reject).end();
      });
    expect([await ask('u1'), await ask('u2'), await ask()]).toEqual([false, true, true]);
    agent.destroy();
    await logs.until('after_response', { 'usr.id': undefined });
    const users = Map.groupBy(logs.records, (record) => record['trace_id']).values();
    expect([...users].map((lines) => [...new Set(lines.map((line) => line['usr.id']))])).toEqual([['u1'], ['u2'], [undefined]]);
  });

  describe('with a connection pool', () => {
    const ask = (how: string, more?: Partial<LeakCheck>) => check(() => `/pool/${how}`, { requests: 40, ...more });

    it.each(['promise', 'bound'])('code after a pool query keeps the context of its request: %s', (how) => ask(how));

    it('a callback that leaves the context on purpose has no request context', async () => {
      await expect(ask('neutral')).rejects.toThrow(/in_pool_callback: no request context/);
      await ask('neutral', { ignore: ({ event, trace_id }) => event === 'in_pool_callback' && trace_id === undefined });
    });

    it('the check detects that a raw callback runs in the context of another request after the pool had to wait', () =>
      expect(ask('raw')).rejects.toThrow(/in_pool_callback/));
  });
});
