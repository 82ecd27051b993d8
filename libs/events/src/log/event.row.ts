import type pg from 'pg';
import type { EventMetadata } from '../contract/event-metadata.js';
import { MAX_PAYLOAD_BYTES } from './payload-limit.js';

/**
 * The columns that describe an event in `outbox_log` and `outbox_delivery`: the name and the type of each field. Append new ones:
 * `EventRow` has the same order.
 */
const COLUMNS = {
  position: ['position', 'bigint'],
  eventId: ['event_id', 'uuid'],
  eventType: ['event_type', 'text'],
  schemaVersion: ['schema_version', 'int'],
  aggregateType: ['aggregate_type', 'text'],
  aggregateId: ['aggregate_id', 'text'],
  organizationId: ['organization_id', 'text'],
  correlationId: ['correlation_id', 'uuid'],
  occurredAt: ['occurred_at', 'timestamptz'],
} as const satisfies Record<keyof EventMetadata, readonly [name: string, type: string]>;

type ColumnName = (typeof COLUMNS)[keyof EventMetadata][0];
/** The columns that `publish` writes. The server assigns the position. */
export type PublishedColumn = Exclude<ColumnName, 'position'>;

const fields = Object.keys(COLUMNS) as (keyof EventMetadata)[];
const names = fields.map((field) => COLUMNS[field][0]);

export const PUBLISHED_COLUMNS = names.filter((name): name is PublishedColumn => name !== 'position');

/** The columns, as a list. */
export const EVENT_COLUMNS = names.join(', ');

/** The columns of a table, as a list. */
export const eventColumns = (table: string): string => names.map((name) => `${table}.${name}`).join(', ');

/** The columns with their types, for `json_to_recordset`. */
export const EVENT_RECORD = Object.values(COLUMNS)
  .map((column) => column.join(' '))
  .join(', ');

/** Selects a time in milliseconds: parsing a number takes a third of the time of parsing a date. */
export const selectMs = (column: string): string => `date_part('epoch', ${column}) * 1000 as ${column}_ms`;

/**
 * Selects an event as `toOutboxRow` expects it. `size`, `payload` and `recordedAt`, the time of the insert, are expressions. Further
 * columns can follow.
 */
export const selectEvent = (size: string, payload: string, recordedAt = 'null::timestamptz'): string =>
  `${size} as size, ${payload} as payload, date_part('epoch', ${recordedAt}) * 1000 as recorded_ms, ${names.map((name) => (name === 'occurred_at' ? selectMs(name) : name)).join(', ')}`;

/** Stands for a payload that is too large to read. An envelope is an object, so it is never equal to this number. */
const TOO_LARGE = '0';

/** Selects a payload, or the mark of a payload that is too large to read. */
export const readablePayload = (payload: string, size: string): string =>
  `case when ${size} <= ${MAX_PAYLOAD_BYTES} then ${payload} else '${TOO_LARGE}' end`;

/** Selects a row that is not an event: null for each column except the given ones. */
export const selectNoEvent = (size: string, values: Partial<Record<ColumnName, string>>): string =>
  `${size}, null, null, ${names.map((name) => values[name] ?? 'null').join(', ')}`;

/** The columns of `selectEvent`, as the text that the server sends. */
export type EventRow = readonly [
  size: string,
  payload: string | null,
  recordedMs: string | null,
  position: string,
  eventId: string,
  eventType: string,
  schemaVersion: string,
  aggregateType: string,
  aggregateId: string,
  organizationId: string | null,
  correlationId: string | null,
  occurredMs: string,
];

/** An event that was read from the database. */
export interface OutboxRow extends EventMetadata {
  /** The attempt number of a first delivery. */
  readonly attempt: 1;
  /** The size of the event as sent, in bytes. */
  readonly size: number;
  /** The text of the envelope. Null for a type that the sink does not want, and for a payload that is too large to read. */
  readonly payload: string | null;
  readonly tooLarge: boolean;
  /** The time of the insert by the clock of the database, in epoch milliseconds. Null if the row of the log is gone. */
  readonly recordedMs: number | null;
}

/** Hot path: allocates nothing but its result. */
export function toOutboxRow(row: readonly [...EventRow, ...unknown[]]): OutboxRow {
  const tooLarge = row[1] === TOO_LARGE;
  return {
    position: row[3],
    eventId: row[4],
    eventType: row[5],
    schemaVersion: Number(row[6]),
    aggregateType: row[7],
    aggregateId: row[8],
    organizationId: row[9],
    correlationId: row[10],
    occurredAt: new Date(Number(row[11])),
    recordedMs: row[2] === null ? null : Number(row[2]),
    size: Number(row[0]),
    payload: tooLarge ? null : row[1],
    attempt: 1,
    tooLarge,
  };
}

/** Returns the values of a row that follow the event. */
export const afterEvent = <Rest extends readonly unknown[]>(row: readonly [...EventRow, ...Rest]): Rest =>
  row.slice(names.length + 3) as unknown as Rest;

/** The values of `EVENT_RECORD`. */
export const toEventRecord = (event: EventMetadata): Record<string, unknown> =>
  Object.fromEntries(fields.map((field) => [COLUMNS[field][0], event[field]]));

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
