import type pg from 'pg';
import type { EventMetadata } from '../contract/event-metadata.js';

/** The columns that describe an event in `outbox_log` and `outbox_delivery`, with their types. */
const COLUMNS = {
  position: 'bigint',
  event_id: 'uuid',
  event_type: 'text',
  schema_version: 'int',
  aggregate_type: 'text',
  aggregate_id: 'text',
  organization_id: 'text',
  correlation_id: 'uuid',
  occurred_at: 'timestamptz',
};
const names = Object.keys(COLUMNS);

/** The columns, as a list. */
export const EVENT_COLUMNS = names.join(', ');

/** The columns of a table, as a list, without those that the statement selects in another form. */
export const eventColumns = (table: string, omitted: readonly string[] = []): string =>
  names.flatMap((name) => (omitted.includes(name) ? [] : `${table}.${name}`)).join(', ');

/** The columns with their types, for `json_to_recordset`. */
export const EVENT_RECORD = Object.entries(COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

/** Selects a time in milliseconds: parsing a number takes a third of the time of parsing a date. */
export const selectMs = (column: string): string => `date_part('epoch', ${column}) * 1000 as ${column}_ms`;

/** The columns as `toOutboxRow` expects them: first in the row, followed by the size in bytes and the payload. */
export const SELECT_EVENT = names.map((name) => (name === 'occurred_at' ? selectMs(name) : name)).join(', ');

/** The columns of `SELECT_EVENT`, size and payload, as the text that the server sends. */
export type EventRow = readonly [
  position: string,
  eventId: string,
  eventType: string,
  schemaVersion: string,
  aggregateType: string,
  aggregateId: string,
  organizationId: string | null,
  correlationId: string | null,
  occurredMs: string,
  size: string,
  payload: string | null,
];

/** An event that was read from the database. */
export interface OutboxRow extends EventMetadata {
  /** The attempt number of a first delivery. */
  readonly attempt: 1;
  /** The size of the event as sent, in bytes; 0 if the sink does not want it. */
  readonly size: number;
  /** The text of the envelope. Null for a type that the sink does not want, and for a payload that is too large to read. */
  readonly payload: string | null;
  readonly tooLarge: boolean;
}

export function toOutboxRow(row: readonly [...EventRow, ...unknown[]]): OutboxRow {
  const size = Number(row[9]);
  const payload = row[10];
  return {
    position: row[0],
    eventId: row[1],
    eventType: row[2],
    schemaVersion: Number(row[3]),
    aggregateType: row[4],
    aggregateId: row[5],
    organizationId: row[6],
    correlationId: row[7],
    occurredAt: new Date(Number(row[8])),
    size,
    payload,
    attempt: 1,
    tooLarge: payload === null && size > 0,
  };
}

/** The values of `EVENT_RECORD`. */
export const toEventRecord = (event: EventMetadata): Readonly<Record<keyof typeof COLUMNS, unknown>> => ({
  position: event.position,
  event_id: event.eventId,
  event_type: event.eventType,
  schema_version: event.schemaVersion,
  aggregate_type: event.aggregateType,
  aggregate_id: event.aggregateId,
  organization_id: event.organizationId,
  correlation_id: event.correlationId,
  occurred_at: event.occurredAt,
});

/** Returns all columns as text. By default pg parses the payload. */
const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

/**
 * Queries rows as arrays of text. Uses the callback of pg: the rows of pg's promise stay in memory until the next full garbage
 * collection.
 */
export function queryText<Row extends readonly unknown[]>(client: pg.ClientBase, query: pg.QueryConfig): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    const config = { ...query, rowMode: 'array' as const, types: AS_TEXT };
    client.query<Row[number][]>(config, (error: Error | null, result) =>
      error ? reject(error) : resolve(result.rows as unknown as Row[]),
    );
  });
}
