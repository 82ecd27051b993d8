import type { RelayContext } from '../delivery/relay.context.js';
import { afterEvent, queryText, toOutboxRow, type EventRow, type OutboxRow } from '../log/event.row.js';
import { newDelivery, type Delivery } from '../delivery/delivery.js';
import { filterValues, isSelection, toReplay, type Replay } from '../commands/replay.js';
import { COUNT_OF_REPLAY, NEXT_OF_REPLAY, NEXT_OF_SELECTION, OPEN_REPLAY } from '../commands/replay.sql.js';

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
  readonly scannedTo: string;
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
  sliceEnd: string,
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
    const statement = isSelection(replay.filter)
      ? { name: 'outbox-replay-selection', text: NEXT_OF_SELECTION }
      : { name: 'outbox-replay', text: NEXT_OF_REPLAY };
    const rows = await queryText<ReplayRow>(this.relay.client, { ...statement, values });
    const [, , , , sliceEnd, total] = afterEvent(rows[0]!);
    const events: MatchingEvent[] = [];
    const deadLetters: DeadLetter[] = [];
    let lastPosition = sliceEnd;
    for (const row of rows) {
      const [dead, lastError, fingerprint, isNew] = afterEvent(row);
      if (dead === null) continue;
      const event = toOutboxRow(row);
      lastPosition = event.position;
      if (dead === 'f') events.push({ ...event, isNew: isNew === 't' });
      else deadLetters.push({ ...newDelivery(event), status: 'failed', lastError, fingerprint, stored: true });
    }
    const isComplete = events.length + deadLetters.length === Number(total);
    return { scannedTo: isComplete ? sliceEnd : lastPosition, events, deadLetters };
  }

  /** Counts the matching events and dead letters in the next slice of the log. */
  async count(replay: Replay): Promise<{ scannedTo: string; total: number; dead: number }> {
    const values = this.values(replay, COUNTED_ROWS_PER_QUERY, null, null);
    const { rows } = await this.relay.client.query<{ scanned_to: string; total: number; dead: number }>({
      name: 'outbox-replay-count',
      text: COUNT_OF_REPLAY,
      values,
    });
    const { scanned_to: scannedTo, ...counts } = rows[0]!;
    return { scannedTo, ...counts };
  }

  private values(replay: Replay, slice: number, limit: number | null, bytes: number | null): unknown[] {
    const { position, endPosition, snapshot, filter } = replay;
    return [this.relay.sink.name, position, endPosition, snapshot, slice, limit, ...filterValues(filter), bytes];
  }
}
