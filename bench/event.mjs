// An event of 600 bytes, in the form of the log and of a bus, and the settings of the relay, which are the defaults.
import { randomUUID } from 'node:crypto';

const BYTES = 600;

export function payloadOf(index) {
  const envelope = {
    event_id: `01a21068-9b8c-7395-96b1-${String(index).padStart(12, '0')}`,
    event_type: 'member.invited',
    schema_version: 1,
    occurred_at: '2026-11-25T02:00:09.631Z',
    aggregate_type: 'member',
    aggregate_id: String(index),
    organization_id: null,
    correlation_id: '01a21068-9b8c-7395-96b1-293c95188636',
    actor: null,
    data: { text: '' },
  };
  envelope.data.text = 'x'.repeat(BYTES - JSON.stringify(envelope).length);
  return JSON.stringify(envelope);
}

export const entryOf = (index) => ({
  EventBusName: 'pikaia',
  Source: 'pikaia.member',
  DetailType: 'member.invited',
  Detail: `${payloadOf(index).slice(0, -1)},"sequence":"${index}"}`,
  Time: new Date('2026-11-25T02:00:09.631Z'),
  Resources: [`urn:pikaia:member:${index}`],
});

// All rows have the same text. The aggregate ID, 1 to $1, identifies a row.
export const FILL = `
insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, occurred_at, size, payload)
select gen_random_uuid(), 'member.invited', 1, 'member', n::text, '2026-11-25T02:00:09.631Z', 900, $2::json
from generate_series(1, $1::int) n`;

export const RELAY_TIMING = { pollIntervalMs: 1_000, storeIntervalMs: 50, leaderTimeoutMs: 15_000 };

/** The parameters of the publisher's insert statement. */
export function eventValues(number) {
  const time = new Date().toISOString();
  const payload = payloadOf(number);
  return [randomUUID(), 'member.invited', 1, 'member', String(number), null, randomUUID(), time, 900, payload];
}

// The table of a hand-written outbox, with only the index that delivery needs.
export const QUEUE_TABLE = `
create table queue (
  position bigint generated always as identity primary key, event_id uuid not null, event_type text not null,
  schema_version int not null, aggregate_type text not null, aggregate_id text not null, organization_id text,
  correlation_id uuid, occurred_at timestamptz not null, size int not null, payload json not null)`;
export const FILL_QUEUE = FILL.replace('outbox.outbox_log', 'queue');
