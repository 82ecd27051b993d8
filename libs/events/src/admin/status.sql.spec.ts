import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { PikaiaError } from '@pikaia/core';
import pg from 'pg';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { refused, ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { registerSinks } from '../log/register-sinks.js';
import { LOCK_CLASS } from '../log/sink-lock.js';
import { MAX_COUNT, SINK_STATUS } from './status.sql.js';

describe('SINK_STATUS', () => {
  const at = useFixture(new OutboxFixture());

  const insertDeliveries = (status: string, count: number) =>
    at.worker.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, next_attempt_at, event_type, schema_version,
         aggregate_type, aggregate_id, occurred_at, payload)
       select $1, gen_random_uuid(), n, $2, clock_timestamp(), 'thing.changed', 1, 'thing', n::text, clock_timestamp(), '{}'
       from generate_series(1, $3::int) n`,
      [at.sink.name, status, count],
    );
  const status = async (): Promise<Readonly<Record<string, unknown>>> => {
    const { rows } = await at.api.query<Record<string, unknown>>(SINK_STATUS, [LOCK_CLASS, MAX_COUNT]);
    return rows.find(({ name }) => name === at.sink.name)!;
  };

  it('counts three dead letters behind 12,000 waiting and 12,000 retrying deliveries', async () => {
    await insertDeliveries('waiting', 12_000);
    await insertDeliveries('retrying', 12_000);
    await insertDeliveries('failed', 3);
    await insertDeliveries('published', 5);
    expect(await status()).toMatchObject({ waiting: MAX_COUNT, retrying: MAX_COUNT, failed: 3 });
  });

  it('counts each open status by its index in a generic plan', async () => {
    await insertDeliveries('published', 30_000);
    await insertDeliveries('waiting', 12_000);
    await insertDeliveries('failed', 3);
    await at.queryAsOwner('analyze outbox.outbox_delivery');
    const client = new pg.Client({ connectionString: at.database.ownerUrl });
    await client.connect();
    await client.query('set plan_cache_mode = force_generic_plan');
    await client.query(`prepare sink_status (bigint, int) as ${SINK_STATUS}`);
    const scans = async (): Promise<string[]> => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute sink_status (${LOCK_CLASS}, ${MAX_COUNT})`);
      return rows.map((row) => row['QUERY PLAN']).filter((line) => line.includes('on outbox_delivery d'));
    };
    const byIndex = Array.from({ length: 3 }, () => expect.stringContaining('Index Only Scan using outbox_delivery_open'));
    expect(await scans()).toEqual(byIndex);
    await client.query('begin');
    await client.query('drop index outbox.outbox_delivery_open'); // planted
    expect(await scans()).not.toEqual(byIndex);
    await client.query('rollback');
    await client.end();
  });

  describe('with events that the leader does not handle', () => {
    /** A sink that handles version 1 of thing.changed, and whose newer worker registered thing.painted. */
    async function runOldWorker(): Promise<void> {
      await at.reset({ types: ['thing.changed'] });
      await registerSinks(at.database.workerUrl, [new ScriptedSink(at.sink.name, { types: ['thing.painted'] })], 'newer');
      at.sink.defaultOutcome = ({ schemaVersion }) =>
        schemaVersion === 1
          ? refused()
          : { kind: 'postponed', error: new PikaiaError('PIKAIA_EVENT_VERSION_UNKNOWN', 'Later.'), retryAfterMs: 60_000 };
    }

    it('names their types and versions with the oldest event, and counts neither other retries nor the events behind', async () => {
      await runOldWorker();
      const oldest = await insertEvent(at.api, { version: 2, aggregate: 'a' });
      await insertEvent(at.api, { version: 1, aggregate: 'b' });
      const third = await insertEvent(at.api, { version: 3, aggregate: 'c' });
      await insertEvent(at.api, { version: 2, aggregate: 'd' });
      const painted = await insertEvent(at.api, { type: 'thing.painted', aggregate: 'painted' });
      await insertEvent(at.api, { aggregate: 'painted' });
      await at.runRelayOnce();
      expect(await status()).toMatchObject({
        retrying: 5,
        waiting: 1,
        unhandled: [
          { event_type: 'thing.changed', schema_version: 2, count: 2, oldest_event_id: oldest.id },
          { event_type: 'thing.changed', schema_version: 3, count: 1, oldest_event_id: third.id },
          { event_type: 'thing.painted', schema_version: 1, count: 1, oldest_event_id: painted.id },
        ],
      });
    });

    it('names none of them once a newer worker has handled them', async () => {
      await runOldWorker();
      await insertEvent(at.api, { version: 2, aggregate: 'once' });
      await at.runRelayOnce();
      expect(await status()).toMatchObject({ unhandled: [{ count: 1 }] });
      at.sink.defaultOutcome = undefined;
      await at.runRelayOnce();
      expect(await status()).toMatchObject({ unhandled: [], retrying: 0 });
    });
  });

  it('adds the accepted events of every cursor of the last minute', async () => {
    const addCursors = (first: number, last: number, age: string) =>
      at.worker.query(
        `insert into outbox.outbox_progress (sink, number, position, snapshot, accepted, stored_at, worker)
         select $1, n, n, pg_current_snapshot(), 2, clock_timestamp() - $4::interval, 'spec' from generate_series($2::int, $3::int) n`,
        [at.sink.name, first, last, age],
      );
    await addCursors(1, 1000, '2 minutes');
    await addCursors(1001, 6000, '10 seconds');
    expect(await status()).toMatchObject({ accepted_last_minute: 10_000 });
  });
});
