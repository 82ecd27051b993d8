import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import type { OutboxRow } from '../log/event.row.js';
import { markWaiting } from './delivery.js';
import { DeliveryIndex } from './delivery.index.js';
import { registerSinks } from '../log/register-sinks.js';

const SINK = 'spec';

const row = (position: string): OutboxRow => ({ position, eventId: randomUUID() }) as OutboxRow;

it('counts the payloads of unsaved deliveries in bytes, as the limit of a read does', () => {
  const deliveries = new DeliveryIndex({ client: {} as pg.Client, sink: new ScriptedSink(SINK) });
  deliveries.record(markWaiting({ ...row('1'), payload: '{"text":"größer 𝒳"}' }));
  expect(deliveries.unsavedBytes).toBe(24);
});

/** A new leader reads again from the stored cursor. It must not send the events again that have a stored delivery. */
describe('DeliveryIndex of a new leader', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createDatabase();
    await registerSinks(database.workerUrl, [new ScriptedSink(SINK)], 'spec');
    client = await connect(database.workerUrl);
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('knows every event that a previous leader stored, and runs no query for events above them', async () => {
    const [older, newest, behind] = [row('99'), row('100'), row('101')];
    for (const { position, eventId } of [older, newest]) {
      await client.query(
        `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, event_type, schema_version,
           aggregate_type, aggregate_id, occurred_at, payload)
         values ($1, $2, $3, 'waiting', 0, 'thing.changed', 1, 'thing', 'a', now(), '{}')`,
        [SINK, eventId, position],
      );
    }
    const deliveries = new DeliveryIndex({ client, sink: new ScriptedSink(SINK) });
    await deliveries.load();
    expect(await deliveries.findKnownIds([older, newest, behind, row('9')])).toEqual(new Set([older.eventId, newest.eventId]));
    const query = jest.spyOn(client, 'query');
    expect(await deliveries.findKnownIds([behind])).toEqual(new Set());
    expect(query).not.toHaveBeenCalled();
    query.mockRestore();
  });
});
