import type { ClientBase } from 'pg';
import type { OutboxRow } from '../log/cursor.js';
import { undelivered, type Delivery } from '../delivery/delivery.js';
import { filterValues, toReplay, type Replay } from '../commands/replay.js';
import { COUNT_OF_REPLAY, NEXT_OF_REPLAY, OPEN_REPLAY } from '../commands/replay.sql.js';

const MAX_BATCH_EVENTS = 100; // in memory, and what a kill repeats
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const LOG_ROWS_PER_QUERY = 2_000; // looked at in one statement, so that live reads go on between two
const COUNTED_ROWS_PER_QUERY = 10_000; // without payloads

/** A failed delivery that a replay tries again. */
export type DeadLetter = Delivery;

interface ReplayBatch {
  /** Up to here all that matches has come. */
  readonly edge: string;
  readonly events: readonly OutboxRow[];
  readonly deadLetters: readonly DeadLetter[];
}

interface ResultRow {
  position: string | null;
  event_id: string;
  event_type: string;
  schema_version: number;
  aggregate_type: string;
  aggregate_id: string;
  organization_id: string | null;
  correlation_id: string | null;
  occurred_at: Date;
  size: number;
  payload: string | null;
  dead: boolean;
  last_error: string | null;
  fingerprint: string | null;
  edge: string;
  total: number;
}

/** Reads what a replay of one sink concerns, in bounded pieces. */
export class ReplayReader {
  constructor(
    private readonly client: ClientBase,
    private readonly sink: string,
    private readonly types: readonly string[] | null,
  ) {}

  async findOpen(): Promise<Replay | undefined> {
    const { rows } = await this.client.query<Record<string, unknown>>(OPEN_REPLAY, [this.sink]);
    return rows[0] && toReplay(rows[0]);
  }

  /** The next events by position, at most so many. */
  async read(replay: Replay, most: number): Promise<ReplayBatch> {
    const values = this.values(replay, LOG_ROWS_PER_QUERY, Math.min(most, MAX_BATCH_EVENTS), MAX_BATCH_BYTES);
    const { rows } = await this.client.query<ResultRow>({ name: 'outbox-replay', text: NEXT_OF_REPLAY, values });
    const found = rows.filter(({ position }) => position !== null);
    const isWhole = found.length === rows[0]!.total;
    return {
      edge: isWhole ? rows[0]!.edge : found.at(-1)!.position!,
      events: found.filter(({ dead }) => !dead).map(toEvent),
      deadLetters: found.filter(({ dead }) => dead).map(toDeadLetter),
    };
  }

  /** How many match in the next slice of the log. */
  async count(replay: Replay): Promise<{ edge: string; total: number; dead: number }> {
    const values = this.values(replay, COUNTED_ROWS_PER_QUERY, null, null);
    const { rows } = await this.client.query<{ edge: string; total: number; dead: number }>({
      name: 'outbox-replay-count',
      text: COUNT_OF_REPLAY,
      values,
    });
    return rows[0]!;
  }

  private values(replay: Replay, slice: number, most: number | null, bytes: number | null): unknown[] {
    const { position, endPosition, snapshot, filter } = replay;
    return [this.sink, position, endPosition, snapshot, slice, most, this.types, ...filterValues(filter), bytes];
  }
}

const toEvent = (row: ResultRow): OutboxRow => ({
  position: row.position!,
  eventId: row.event_id,
  eventType: row.event_type,
  schemaVersion: row.schema_version,
  aggregateType: row.aggregate_type,
  aggregateId: row.aggregate_id,
  organizationId: row.organization_id,
  correlationId: row.correlation_id,
  occurredAt: row.occurred_at,
  size: row.size,
  payload: row.payload,
  attempt: 1,
  tooLarge: row.payload === null,
});

const toDeadLetter = (row: ResultRow): DeadLetter => ({
  ...undelivered(toEvent(row)),
  status: 'failed',
  lastError: row.last_error,
  fingerprint: row.fingerprint,
  stored: true,
});
