import type { RelayContext } from '../delivery/relay.context.js';
import type { OutboxRow } from '../log/cursor.js';
import { undelivered, type Delivery } from '../delivery/delivery.js';
import { filterValues, toReplay, type Replay } from '../commands/replay.js';
import { COUNT_OF_REPLAY, NEXT_OF_REPLAY, OPEN_REPLAY } from '../commands/replay.sql.js';

const MAX_BATCH_EVENTS = 100; // events in memory; a crash repeats at most this many
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const LOG_ROWS_PER_QUERY = 2_000; // rows scanned in one query, so that live reads run between two queries
const COUNTED_ROWS_PER_QUERY = 10_000; // rows counted in one query, without payloads

/** A failed delivery that a replay revives. */
export type DeadLetter = Delivery;

interface ReplayBatch {
  /** The position up to which every matching event was returned. */
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

/** Reads the events and dead letters of a replay in bounded batches. */
export class ReplayReader {
  constructor(private readonly relay: Pick<RelayContext, 'client' | 'sink'>) {}

  async findOpen(): Promise<Replay | undefined> {
    const { rows } = await this.relay.client.query<Record<string, unknown>>(OPEN_REPLAY, [this.relay.sink.name]);
    return rows[0] && toReplay(rows[0]);
  }

  /** Reads the next matching events by position, at most `limit`. */
  async read(replay: Replay, limit: number): Promise<ReplayBatch> {
    const values = this.values(replay, LOG_ROWS_PER_QUERY, Math.min(limit, MAX_BATCH_EVENTS), MAX_BATCH_BYTES);
    const { rows } = await this.relay.client.query<ResultRow>({ name: 'outbox-replay', text: NEXT_OF_REPLAY, values });
    const found = rows.filter(({ position }) => position !== null);
    const isWhole = found.length === rows[0]!.total;
    return {
      edge: isWhole ? rows[0]!.edge : found.at(-1)!.position!,
      events: found.filter(({ dead }) => !dead).map(toEvent),
      deadLetters: found.filter(({ dead }) => dead).map(toDeadLetter),
    };
  }

  /** Counts the matching events and dead letters in the next slice of the log. */
  async count(replay: Replay): Promise<{ edge: string; total: number; dead: number }> {
    const values = this.values(replay, COUNTED_ROWS_PER_QUERY, null, null);
    const { rows } = await this.relay.client.query<{ edge: string; total: number; dead: number }>({
      name: 'outbox-replay-count',
      text: COUNT_OF_REPLAY,
      values,
    });
    return rows[0]!;
  }

  private values(replay: Replay, slice: number, limit: number | null, bytes: number | null): unknown[] {
    const { position, endPosition, snapshot, filter } = replay;
    const { name, types } = this.relay.sink;
    return [name, position, endPosition, snapshot, slice, limit, types, ...filterValues(filter), bytes];
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
