import type { RelayContext } from '../delivery/relay.context.js';
import { queryText, toOutboxRow, type EventRow, type OutboxRow } from '../log/event.row.js';
import { undelivered, type Delivery } from '../delivery/delivery.js';
import { filterValues, toReplay, type Replay } from '../commands/replay.js';
import { COUNT_OF_REPLAY, NEXT_OF_REPLAY, OPEN_REPLAY } from '../commands/replay.sql.js';

const MAX_BATCH_EVENTS = 100; // events in memory; a crash repeats at most this many
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const LOG_ROWS_PER_QUERY = 2_000; // rows scanned in one query, so that live reads run between two queries
const COUNTED_ROWS_PER_QUERY = 10_000; // rows counted in one query, without payloads

/** A failed delivery that a replay revives. */
export type DeadLetter = Delivery;

export interface MatchingEvent extends OutboxRow {
  /** True if the sink has never handled the event, because its type was registered later. */
  readonly isNew: boolean;
}

interface ReplayBatch {
  /** The position up to which every matching event was returned. */
  readonly edge: string;
  readonly events: readonly MatchingEvent[];
  readonly deadLetters: readonly DeadLetter[];
}

/** A row of NEXT_OF_REPLAY. Every column of the event is null if the slice has no matching event. */
type ReplayRow = readonly [
  ...EventRow,
  dead: 't' | 'f' | null,
  lastError: string | null,
  fingerprint: string | null,
  isNew: 't' | 'f' | null,
  edge: string,
  total: string,
];

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
    const rows = await queryText<ReplayRow>(this.relay.client, { name: 'outbox-replay', text: NEXT_OF_REPLAY, values });
    const [edge, total] = rows[0]!.slice(-2) as [string, string];
    const found = rows.filter(([position]) => position !== null);
    return {
      edge: found.length === Number(total) ? edge : found.at(-1)![0],
      events: found.filter((row) => row[11] === 'f').map((row) => ({ ...toOutboxRow(row), isNew: row[14] === 't' })),
      deadLetters: found.filter((row) => row[11] === 't').map(toDeadLetter),
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
    return [this.relay.sink.name, position, endPosition, snapshot, slice, limit, ...filterValues(filter), bytes];
  }
}

const toDeadLetter = (row: ReplayRow): DeadLetter => ({
  ...undelivered(toOutboxRow(row)),
  status: 'failed',
  lastError: row[12],
  fingerprint: row[13],
  stored: true,
});
