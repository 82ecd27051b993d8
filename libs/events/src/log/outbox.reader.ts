import { comparePositions, LogReading, parseSnapshot, type LogCursor, type LogReadParts } from '@pikaia/database';
import type pg from 'pg';
import { queryText, toOutboxRow, type EventRow, type OutboxRow } from './event.row.js';
import { READ, SLICE } from './reading.sql.js';

/** The row of reading.sql.ts that is not an event. */
type EdgeRow = readonly [
  lateRows: string,
  payload: null,
  recordedMs: null,
  position: null,
  eventId: null,
  snapshot: string,
  ...null[],
];

const isEdge = (row: EventRow | EdgeRow): row is EdgeRow => row[3] === null;

/** The limits of one read. */
export interface ReadLimits {
  /** The maximum number of rows above the cursor's position. */
  readonly fresh: number;
  /** The maximum number of rows that became visible late. More rows are read in slices. */
  readonly late: number;
  /** The maximum payload of each of the two parts, in bytes. The cursor is stored early when the unsaved deliveries reach it. */
  readonly bytes: number;
}

export const READ_LIMITS: ReadLimits = { fresh: 2000, late: 1000, bytes: 16 * 1024 * 1024 };

export type Reading = LogReading<OutboxRow>;
export type ReadParts = LogReadParts<OutboxRow>;

/**
 * Reads the events of the log that a cursor does not cover. It never skips a committed event, however late the event becomes
 * visible: see `LogReading`.
 */
export class OutboxReader {
  constructor(
    protected readonly client: pg.ClientBase,
    private readonly sink: string,
    protected readonly limits: ReadLimits,
  ) {}

  async read(cursor: LogCursor): Promise<Reading> {
    const parts = await (cursor.lateSnapshot === null ? this.readNext(cursor) : this.readSlice(cursor, cursor.lateSnapshot));
    return this.toReading(cursor, parts);
  }

  protected toReading(cursor: LogCursor, parts: ReadParts): Reading {
    return new LogReading(cursor, parts);
  }

  /** Returns the transactions whose rows may have become visible since the cursor's snapshot. */
  protected lookBack(cursor: LogCursor): { xmax: string; running: string[] } {
    return parseSnapshot(cursor.snapshot);
  }

  protected async readNext(cursor: LogCursor): Promise<ReadParts> {
    const { xmax, running } = this.lookBack(cursor);
    const { fresh, late, bytes } = this.limits;
    const values = [cursor.position, running, xmax, fresh, late, this.sink, bytes];
    return this.partsOf(await this.query('outbox-read', READ, values), cursor, late);
  }

  private async readSlice(cursor: LogCursor, lateSnapshot: string): Promise<ReadParts> {
    const { late, bytes } = this.limits;
    const values = [cursor.position, cursor.snapshot, lateSnapshot, cursor.latePosition, late, this.sink, bytes];
    return this.partsOf(await this.query('outbox-slice', SLICE, values), cursor, late);
  }

  private query(name: string, text: string, values: unknown[]): Promise<readonly (EventRow | EdgeRow)[]> {
    return queryText(this.client, { name, text, values });
  }

  private partsOf(rows: readonly (EventRow | EdgeRow)[], { position }: LogCursor, lateLimit: number): ReadParts {
    const late: OutboxRow[] = [];
    const fresh: OutboxRow[] = [];
    let edge: EdgeRow | undefined;
    for (const row of rows) {
      if (isEdge(row)) edge = row;
      else (comparePositions(row[3], position) > 0 ? fresh : late).push(toOutboxRow(row));
    }
    const [lateRows, , , , , snapshot] = edge!;
    const taken = late.sort(byPosition).slice(0, lateLimit);
    const isLateComplete = taken.length === Number(lateRows);
    return { snapshot, late: taken, isLateComplete, fresh: isLateComplete ? fresh.sort(byPosition) : [] };
  }
}

const byPosition = (one: OutboxRow, other: OutboxRow): number => comparePositions(one.position, other.position);
