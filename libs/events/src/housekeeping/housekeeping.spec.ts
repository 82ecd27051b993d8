import { systemClock } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import type pg from 'pg';
import { connect, type TestDatabase } from '../../../../test/support/database/database.js';
import { resultFor, AgedOutbox, RETENTION } from '../../../../test/support/outbox/aged-outbox.js';
import { insertEvent, statusOf } from '../../../../test/support/outbox/events.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { registerSinks } from '../log/register-sinks.js';
import type { HousekeepingResult } from './housekeeping.task.js';
import { Housekeeping } from './housekeeping.js';
import { HousekeepingLoop } from '../worker/housekeeping.loop.js';

describe('Housekeeping', () => {
  let days: AgedOutbox;
  let database: TestDatabase;
  let owner: pg.Client;
  let api: pg.Client;
  let sink: ScriptedSink;
  let housekeeping: Housekeeping;

  beforeAll(async () => {
    days = await AgedOutbox.open();
    ({ database, owner, api } = days);
  });
  beforeEach(async () => {
    await days.reset();
    ({ sink, housekeeping } = days);
  });
  afterAll(() => days.close());

  it('empties slots whose newest event is older than the retention, and no others', async () => {
    await days.insertOld(3);
    await days.insertOld(4, 6.9);
    await days.deliverAll();
    expect(resultFor(await housekeeping.runOnce(), days.table(3))).toMatchObject({ removed: expect.any(Number), unit: 'bytes' });
    const { rows } = await owner.query('select slot from outbox.outbox_log');
    expect(rows).toEqual([{ slot: days.slot(4) }]);
  });

  it('logs what it removed, and nothing if there was nothing to remove', async () => {
    using logs = captureLogs();
    await housekeeping.runOnce();
    expect(logs.records).toEqual([]);
    await days.insertOld(3);
    await days.deliverAll();
    await housekeeping.runOnce({ dryRun: true });
    logs.none('housekeeping_done');
    await housekeeping.runOnce();
    const table = days.table(3).replace('outbox.', '');
    expect(logs.one('housekeeping_done')['removed']).toMatchObject({ [table]: expect.stringMatching(/^\d+ bytes$/) });
  });

  it('reports in a dry run what the next run removes, and removes nothing', async () => {
    await days.insertOld(3);
    await days.deliverAll();
    const results = await housekeeping.runOnce({ dryRun: true });
    expect(resultFor(results, days.table(3))!.removed).toBeGreaterThan(8000);
    expect(await days.countOf('outbox_log')).toBe(1);
    expect(resultFor(await housekeeping.runOnce(), days.table(3))).toMatchObject(resultFor(results, days.table(3))!);
    expect(await days.countOf('outbox_log')).toBe(0);
  });

  it('does not keep a slot for an observer that has not received its events', async () => {
    await registerSinks(database.workerUrl, [new ScriptedSink('watcher', { observer: true })], 'spec');
    await days.insertOld(3);
    await days.deliverAll();
    expect(resultFor(await housekeeping.runOnce(), days.table(3))).toMatchObject({ removed: expect.any(Number), unit: 'bytes' });
    expect(await days.countOf('outbox_log')).toBe(0);
  });

  it('keeps a slot until every sink has received its events, and names the sinks that have not', async () => {
    const other = new ScriptedSink('other');
    await registerSinks(database.workerUrl, [other], 'spec');
    const id = await days.insertOld(3);
    await days.deliverAll();
    expect(resultFor(await housekeeping.runOnce(), days.table(3))).toMatchObject({
      removed: 0,
      kept: 'not handed over to other',
    });
    await days.deliverAll(other);
    expect(other.ids).toEqual([id]);
    expect(resultFor(await housekeeping.runOnce(), days.table(3))!.kept).toBeUndefined();
  });

  it('keeps a slot with an event that became visible late', async () => {
    const late = await connect(database.apiUrl);
    await late.query('begin');
    const held = await insertEvent(late);
    await insertEvent(api);
    await days.deliverAll();
    await late.query('commit'); // at or below the cursor's position, but not visible in its snapshot
    await late.end();
    await owner.query(`update outbox.outbox_log set recorded_at = recorded_at - interval '8 days'`);
    expect((await housekeeping.runOnce())!.find(({ kept }) => kept)).toMatchObject({ kept: 'not handed over to scripted' });
    await days.deliverAll();
    expect(sink.ids).toContain(held.id);
    await housekeeping.runOnce();
    expect(await days.countOf('outbox_log')).toBe(0);
  });

  it('never blocks or fails an insert while an open transaction keeps the slot from being emptied', async () => {
    await days.insertOld(3);
    await days.deliverAll();
    const holder = await connect(database.ownerUrl);
    await holder.query(`begin; select count(*) from outbox.${days.table(3)}`);
    const state = { running: true, inserted: 0 };
    const inserting = (async () => {
      while (state.running) {
        await insertEvent(api);
        state.inserted++;
      }
    })();
    try {
      const results = await housekeeping.runOnce();
      expect(resultFor(results, days.table(3))).toMatchObject({ kept: 'in use by a transaction that stays open' });
      const before = state.inserted;
      await pollUntil(() => state.inserted > before + 20);
      await holder.query('commit');
      expect(resultFor(await housekeeping.runOnce(), days.table(3))!.kept).toBeUndefined();
    } finally {
      state.running = false;
      await inserting;
      await holder.end();
    }
    expect(await days.countOf('outbox_log')).toBe(state.inserted);
  });

  it('an insert into the slot waits no longer than the lock timeout (planted: without that timeout it waits on)', async () => {
    await days.insertOld(0);
    await days.deliverAll();
    const original = await replaceInFunction("'200ms'", "'1s'"); // long enough to be observed on a busy machine
    const holder = await connect(database.ownerUrl);
    await holder.query('begin; select count(*) from outbox.outbox_log');
    const limited = housekeeping.runOnce();
    await pollUntil(async () => (await blocked()) > 0);
    await insertEvent(api);
    expect((await limited)!.find(({ kept }) => kept)).toMatchObject({ kept: 'in use by a transaction that stays open' });

    await days.deliverAll();
    await owner.query(`update outbox.outbox_log set recorded_at = recorded_at - interval '8 days'`);
    await replaceInFunction("'1s'", "'0'");
    const endless = housekeeping.runOnce();
    await pollUntil(async () => (await blocked()) > 0);
    const insert = insertEvent(api);
    await pollUntil(async () => (await blocked()) > 1); // behind the lock request without timeout
    await holder.query('commit');
    await Promise.all([endless, insert]);
    await holder.end();
    await owner.query(original);
  });

  /** @returns the original function. */
  async function replaceInFunction(from: string, to: string): Promise<string> {
    const { rows } = await owner.query<{ text: string }>(`select pg_get_functiondef('outbox.empty_slot'::regproc) as text`);
    expect(rows[0]!.text).toContain(from);
    await owner.query(rows[0]!.text.replace(from, to));
    return rows[0]!.text;
  }

  const blocked = async (): Promise<number> => {
    const sql = `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return (await owner.query<{ count: number }>(sql)).rows[0]!.count;
  };

  it('thins the cursors to the last one of each second, except the last hour, the newest cursor and the start', async () => {
    await owner.query(
      `insert into outbox.outbox_progress (sink, number, position, snapshot, stored_at, worker)
       select 'scripted', g, 0, pg_current_snapshot(),
         date_trunc('second', clock_timestamp()) - case when g <= 40 then interval '2 hours' else interval '10 minutes' end
           + g * interval '100 ms', 'spec'
       from generate_series(1, 60) g`,
    );
    await days.insertOld(3, 1); // the log is not empty, so no cursor is below its oldest event
    await owner.query(`update outbox.outbox_progress set position = 1000000, txid = pg_current_xact_id() where number > 0`);
    await owner.query(
      `update outbox.outbox_progress set stored_at = stored_at - interval '3 hours', txid = pg_current_xact_id() where number = 0`,
    );
    const [dry] = [await housekeeping.runOnce({ dryRun: true }), await housekeeping.runOnce()].map(
      (results) => resultFor(results, 'outbox.outbox_progress')!.removed,
    );
    const { rows } = await owner.query<{ number: string }>('select number from outbox.outbox_progress order by number');
    const numbers = rows.map(({ number }) => Number(number));
    expect(numbers).toEqual([0, 9, 19, 29, 39, 40, ...Array.from({ length: 20 }, (_, i) => 41 + i)]);
    expect(dry).toBe(61 - numbers.length);
  });

  it('removes cursors below the oldest event, and the remaining cursors still tell when an event was published', async () => {
    const first = await days.insertOld(3, 8);
    await days.deliverAll();
    const second = await days.insertOld(5, 1);
    await days.deliverAll();
    await owner.query(
      `update outbox.outbox_progress set stored_at = stored_at - interval '3 hours', txid = pg_current_xact_id() where number = 1`,
    );
    await owner.query(
      `update outbox.outbox_progress set stored_at = stored_at - interval '2 hours', txid = pg_current_xact_id() where number = 2`,
    );
    const before = (await statusOf(owner, second)).published_at;
    await days.deliverAll(); // may store number 3; the newest cursor is never removed
    await housekeeping.runOnce();
    expect(await statusOf(owner, first)).toBeUndefined();
    expect((await statusOf(owner, second)).published_at).toEqual(before);
    const { rows } = await owner.query<{ number: string }>('select number from outbox.outbox_progress order by number');
    expect(rows.map(({ number }) => number)).not.toContain('1');
  });

  it('removes receipts, commands and replays that are older than their retention', async () => {
    const receipt = (days: number) =>
      owner.query(
        `insert into outbox.consumer_receipt (consumer, event_id, state, done_at) values ('c', $1, 'done', clock_timestamp() - $2 * interval '1 day')`,
        [randomUUID(), days],
      );
    for (const days of [91, 89]) await receipt(days);
    await owner.query(`insert into outbox.consumer_receipt (consumer, event_id, state, claimed_until)
      values ('c', gen_random_uuid(), 'claimed', clock_timestamp() - interval '91 days'), ('c', gen_random_uuid(), 'claimed', clock_timestamp())`);
    for (const done of [`clock_timestamp() - interval '31 days'`, `clock_timestamp() - interval '29 days'`, 'null']) {
      await owner.query(`insert into outbox.outbox_command (id, sink, command, arguments, asked_by, done_at)
        values (gen_random_uuid(), 'scripted', 'pause', '{}', 'ann', ${done})`);
      await owner.query(
        `insert into outbox.outbox_replay (id, sink, filter, dry_run, start_position, end_position, position, snapshot, done_at)
          values (gen_random_uuid(), 'scripted', '{}', false, 0, 0, 0, pg_current_snapshot(), ${done})`,
      );
    }
    await housekeeping.runOnce();
    expect(await days.countsOf('consumer_receipt', 'outbox_command', 'outbox_replay')).toEqual([2, 2, 2]);
  });

  it('removes workers that have not reported for a day', async () => {
    await owner.query(`insert into outbox.outbox_worker (worker, sinks, reported_at)
      select 'host:' || hours, '{}', clock_timestamp() - hours * interval '1 hour' from unnest(array[0, 23, 25]) hours`);
    expect(resultFor(await housekeeping.runOnce({ dryRun: true }), 'outbox.outbox_worker')).toMatchObject({ removed: 1 });
    await housekeeping.runOnce();
    const { rows } = await owner.query<{ worker: string }>('select worker from outbox.outbox_worker order by worker');
    expect(rows.map(({ worker }) => worker)).toEqual(['host:0', 'host:23']);
  });

  it('runs in one worker at a time, and runs the other tasks after a task fails', async () => {
    let release: () => void = () => undefined;
    const ran: string[] = [];
    const tasks = [
      { name: 'broken', run: () => Promise.reject(new Error('no')) },
      { name: 'slow', run: () => new Promise<HousekeepingResult[]>((resolve) => (release = () => resolve([]))) },
      { name: 'last', run: async () => (ran.push('last'), []) },
    ];
    const options = { url: database.workerUrl, retention: RETENTION };
    const first = new Housekeeping({ ...options, tasks }).runOnce();
    await pollUntil(async () => {
      const { rows } = await owner.query<{ count: number }>(
        `select count(*)::int as count from pg_locks where locktype = 'advisory'
          and database = (select oid from pg_database where datname = current_database())`,
      );
      return rows[0]!.count > 0;
    });
    expect(await housekeeping.runOnce()).toBeUndefined();
    release();
    expect(await first).toEqual([]);
    expect(ran).toEqual(['last']);
    expect(await housekeeping.runOnce()).toBeDefined();
  });

  it('probes its connection, so that a lost network is noticed during a long statement', async () => {
    const probes = jest.spyOn(Socket.prototype, 'setKeepAlive');
    await housekeeping.runOnce();
    expect(probes).toHaveBeenCalledWith(true, 10_000);
    probes.mockRestore();
  });

  it('removes nothing while the cursors come from another cluster', async () => {
    await days.insertOld(3);
    await days.deliverAll();
    await owner.query(`update outbox.outbox_progress set txid = '77' where number = 1`);
    await expect(housekeeping.runOnce()).rejects.toMatchObject({ code: 'PIKAIA_OUTBOX_RESTORED' });
    const { rows } = await owner.query<{ outcome: string }>(`select outbox.empty_slot($1, '1 day') as outcome`, [days.slot(3)]);
    expect(rows[0]!.outcome).toBe('not handed over to scripted');
  });

  it('runs at start and again after its interval, and stops in the middle of a task', async () => {
    let runs = 0;
    const counting = { name: 'counting', run: async () => (runs++, []) };
    const hanging = {
      name: 'hanging',
      run: async (client: pg.ClientBase) => (await client.query(runs > 2 ? 'select pg_sleep(60)' : 'select 1'), []),
    };
    const loop = new HousekeepingLoop({
      url: database.workerUrl,
      retention: RETENTION,
      intervalMs: 10,
      clock: systemClock,
      tasks: [counting, hanging],
    });
    loop.start();
    await pollUntil(() => runs > 2);
    await loop.stop(20);
    expect(loop.last).toMatchObject({ results: [] });
    await pollUntil(async () => (await housekeeping.runOnce()) !== undefined); // the server has released the lock
  });

  it('tells when it runs next: now until the first run has ended, and then after the interval', async () => {
    const intervalMs = 3_600_000;
    const options = {
      url: database.workerUrl,
      retention: RETENTION,
      intervalMs,
      clock: systemClock,
      random: () => 0.5,
      tasks: [],
    };
    const loop = new HousekeepingLoop(options);
    expect(loop.nextRunInMs).toBe(0);
    loop.start();
    await pollUntil(() => loop.nextRunInMs > 0);
    expect(loop.nextRunInMs).toBeLessThanOrEqual(intervalMs);
    expect(loop.nextRunInMs).toBeGreaterThan(intervalMs - 60_000);
    await loop.stop();
  });
});
