import type pg from 'pg';
import { resultFor, AgedOutbox } from '../../../../test/support/outbox/aged-outbox.js';
import { insertEvent, statusOf } from '../../../../test/support/outbox/events.js';
import { refused, type ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { SinkRelay } from './sink.relay.js';
import type { Housekeeping } from '../housekeeping/housekeeping.js';

describe('DeliveryExpiry', () => {
  let days: AgedOutbox;
  let owner: pg.Client;
  let api: pg.Client;
  let sink: ScriptedSink;
  let housekeeping: Housekeeping;

  beforeAll(async () => {
    days = await AgedOutbox.open();
    ({ owner, api } = days);
  });
  beforeEach(async () => {
    await days.reset();
    ({ sink, housekeeping } = days);
  });
  afterAll(() => days.close());

  const FAILED = refused('never', true);

  /** Creates a failed delivery and one that waits behind it. */
  async function failing(aggregate: string): Promise<string> {
    const id = await days.insertOld(3, 8, aggregate);
    sink.outcomes.set(id, FAILED);
    const relay = days.createRelay();
    await relay.runOnce();
    await relay.runOnce();
    expect((await statusOf(owner, id)).status).toBe('failed');
    return id;
  }

  const ageDeliveries = (days: number) =>
    owner.query(`update outbox.outbox_delivery set updated_at = updated_at - $1 * interval '1 day'`, [days]);

  it('the view shows a delivery after its log row is deleted, as long as it is kept', async () => {
    const failed = await failing('a');
    const waiting = await days.insertOld(3, 8, 'a');
    await days.deliverAll();
    await housekeeping.runOnce();
    expect(await days.countOf('outbox_log')).toBe(0);
    const { rows } = await owner.query(
      `select event_id, status, attempts, last_error, event_type, payload->>'aggregate_id' as aggregate from events_outboxevent order by 2`,
    );
    expect(rows).toEqual([
      {
        event_id: failed,
        status: 'failed',
        attempts: 2,
        last_error: 'Error: never',
        event_type: 'thing.changed',
        aggregate: 'a',
      },
      { event_id: waiting, status: 'waiting', attempts: 0, last_error: null, event_type: 'thing.changed', aggregate: 'a' },
    ]);
    await owner.query(`update outbox.outbox_sink set state = 'retired'`);
    expect((await owner.query('select from events_outboxevent')).rowCount).toBe(0);
  });

  it('deletes a settled delivery and its attempts once its log row is deleted, and not before', async () => {
    const id = await days.insertOld(3);
    let first = true;
    sink.outcomes.set(id, () => (first ? ((first = false), refused()) : { kind: 'accepted' }));
    await days.createRelay().runOnce();
    await days.createRelay().runOnce();
    await days.createRelay().runOnce();
    expect(await statusOf(owner, id)).toMatchObject({ status: 'published', attempts: 1 });
    expect(await days.countOf('outbox_delivery')).toBe(1);
    await housekeeping.runOnce();
    const dry = resultFor(await housekeeping.runOnce({ dryRun: true }), 'outbox.outbox_delivery');
    expect(dry).toMatchObject({ removed: 1 });
    await days.createRelay().runOnce();
    expect(await days.countsOf('outbox_delivery', 'outbox_attempt')).toEqual([0, 0]);
  });

  it('deletes a failed delivery after its retention unless others wait behind it, and unblocks the aggregate', async () => {
    const blocking = await failing('blocked');
    const waiting = await days.insertOld(3, 8, 'blocked');
    await failing('alone');
    await days.deliverAll();
    await housekeeping.runOnce();
    await ageDeliveries(29);
    await days.createRelay().runOnce();
    expect(await days.countOf('outbox_delivery')).toBe(3);
    await ageDeliveries(2);
    const relay = days.createRelay();
    relay.start();
    await pollUntil(async () => (await days.countOf('outbox_delivery')) === 2);
    expect([await statusOf(owner, blocking), await statusOf(owner, waiting)]).toMatchObject([
      { status: 'failed' },
      { status: 'waiting' },
    ]);
    const next = await insertEvent(api, { aggregate: 'alone' });
    await pollUntil(() => sink.ids.includes(next.id)); // the same leader unblocked the aggregate
    await relay.stop();
  });

  it('a relay that lost the leadership deletes nothing', async () => {
    await failing('a');
    await housekeeping.runOnce();
    await ageDeliveries(31);
    const relay = days.createRelay(sink, { expiryIntervalMs: 50 });
    relay['createStore'] = (client) => {
      const store = SinkRelay.prototype['createStore'].call(relay, client);
      store.store = () => Promise.reject(new Error('Another worker has stored.'));
      return store;
    };
    await expect(relay.runOnce()).rejects.toThrow('Another worker');
    expect(await days.countOf('outbox_delivery')).toBe(1);
  });
});
