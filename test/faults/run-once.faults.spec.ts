import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { PassResult } from '@pikaia/events';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';
import { insertEvent } from '../support/outbox/events.js';
import { waitFor } from '../support/time/wait-for.js';

const PROGRAM = resolve(__dirname, '../support/outbox/run-once.program.mjs');
const EVENTS = 200;

/** A bounded pass that is killed, that meets another one, and that runs beside a worker. No event is lost or handled twice. */
describe('runOnce', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    await owner.query('create table tally (event_id uuid not null); grant insert on tally to pikaia_worker');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child, 'SIGKILL');
  });
  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  function start(autoStart = false): ChildProcess {
    const environment = { PATH: process.env['PATH'], WORKER_URL: database.workerUrl, LOG_LEVEL: 'critical' };
    const child = fork(PROGRAM, {
      env: { ...environment, AUTO_START: autoStart ? '1' : '0' },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    return child;
  }

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Makes a pass, and returns its result for the only sink. */
  async function pass(child = start()): Promise<PassResult['sinks'][number]> {
    const failed = once(child, 'exit').then(([status]) =>
      Promise.reject(new Error(`The pass ended with status ${String(status)}.`)),
    );
    const [result] = (await Promise.race([once(child, 'message'), failed])) as [PassResult];
    return result.sinks[0]!;
  }

  async function publish(): Promise<void> {
    for (let number = 0; number < EVENTS; number++) await insertEvent(owner, { aggregate: `a${number}`, data: { number } });
  }

  const handled = async (): Promise<{ all: number; different: number }> =>
    (
      await owner.query<{ all: number; different: number }>(
        'select count(*)::int as "all", count(distinct event_id)::int as different from tally',
      )
    ).rows[0]!;

  it('that is killed at any time is continued by the next pass, and no event is handled twice', async () => {
    await publish();
    for (const share of [0.1, 0.5]) {
      let victim = start();
      await waitFor('a part of the events is handled', async () => {
        if (victim.exitCode === 0) victim = start(); // it ended at once, because the server had not noticed the last kill
        return (await handled()).all >= EVENTS * share;
      });
      await end(victim, 'SIGKILL');
    }
    await waitFor('a pass leads and finds nothing due at its end', async () => (await pass()).outcome === 'done');
    expect(await handled()).toEqual({ all: EVENTS, different: EVENTS });
  });

  it('in two processes at once handles each event once', async () => {
    await owner.query('truncate tally');
    await publish();
    const passes = await Promise.all([pass(), pass()]);
    expect(passes.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(EVENTS);
    expect(passes.map(({ outcome }) => outcome)).toContain('done');
    expect(await handled()).toEqual({ all: EVENTS, different: EVENTS });
  });

  it('leaves the events to a worker that runs', async () => {
    await owner.query('truncate tally');
    const worker = start(true);
    await waitFor('the worker leads', async () => {
      const { rows } = await owner.query(`select from pg_locks where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())`);
      return rows.length > 0;
    });
    await publish();
    expect(await pass()).toMatchObject({ outcome: 'led_elsewhere', accepted: 0 });
    await waitFor('the worker has handled the events', async () => (await handled()).all === EVENTS);
    await end(worker, 'SIGTERM');
    expect(worker.exitCode).toBe(0);
    expect(await pass()).toMatchObject({ outcome: 'done', accepted: 0 });
    expect(await handled()).toEqual({ all: EVENTS, different: EVENTS });
  });
});
