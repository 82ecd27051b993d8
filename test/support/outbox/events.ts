import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { EnvelopeActor } from '../../../libs/events/src/contract/envelope.js';

export interface TestEvent {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly aggregate: string;
  readonly organizationId: string | null;
  readonly correlationId: string;
  /** The event that caused it. */
  readonly causationId?: string;
  readonly data: object;
  readonly actor: EnvelopeActor | null;
}

const INSERT = `
insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id,
  causation_id, occurred_at, size, payload)
select $1, $2, $3, 'thing', $4, $7, $5, $8, clock_timestamp(), octet_length($6::text), $6::json`;

/** Inserts an event as the publisher does, in the open transaction of the client. */
export async function insertEvent(client: ClientBase, event: Partial<TestEvent> = {}): Promise<TestEvent> {
  const full: TestEvent = {
    id: randomUUID(),
    type: 'thing.changed',
    version: 1,
    aggregate: 'a',
    organizationId: null,
    correlationId: randomUUID(),
    data: {},
    actor: null,
    ...event,
  };
  const payload = JSON.stringify({
    event_id: full.id,
    event_type: full.type,
    schema_version: full.version,
    occurred_at: new Date().toISOString(),
    aggregate_type: 'thing',
    aggregate_id: full.aggregate,
    organization_id: full.organizationId,
    correlation_id: full.correlationId,
    ...(full.causationId !== undefined && { causation_id: full.causationId }),
    actor: full.actor,
    data: full.data,
  });
  const values = [
    full.id,
    full.type,
    full.version,
    full.aggregate,
    full.correlationId,
    payload,
    full.organizationId,
    full.causationId ?? null,
  ];
  await client.query({ name: 'insert-event', text: INSERT, values });
  return full;
}

export interface EventStatus {
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly published_at: Date | null;
}

export async function statusOf(client: ClientBase, eventId: string): Promise<EventStatus> {
  const sql = 'select status, attempts, last_error, published_at from events_outboxevent where event_id = $1';
  const { rows } = await client.query<EventStatus>(sql, [eventId]);
  return rows[0]!;
}
