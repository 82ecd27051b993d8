import type pg from 'pg';
import { comparePositions, parseSnapshot, Reading, type Cursor, type OutboxRow, type ReadParts } from './cursor.js';
import { MAX_PAYLOAD_BYTES } from './payload-limit.js';
import { READ, SLICE } from './reading.sql.js';

/** The limits of one read. */
export interface ReadLimits {
  /** The maximum number of rows above the cursor's position. */
  readonly fresh: number;
  /** The maximum number of rows that became visible late. More rows are handed over in slices. */
  readonly late: number;
  /** The maximum payload of each of the two parts, in bytes. */
  readonly bytes: number;
}

export const READ_LIMITS: ReadLimits = { fresh: 2000, late: 1000, bytes: 16 * 1024 * 1024 };

/** The columns of reading.sql.ts, as the text that the server sends. */
type ResultRow = readonly [
  position: string | null,
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

/** Returns all columns as text. By default pg parses the payload. */
const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

/**
 * Reads the events of the log that a cursor does not cover. It never skips a committed event, however late the event becomes
 * visible.
 *
 * Proof: a cursor with position P and snapshot S covers {at or below P, visible in S}. A read in snapshot R returns {at or below
 * P, not visible in S, visible in R} and {above P up to P', visible in R}. Together these are {at or below P', visible in R}, the
 * events that the next cursor covers.
 */
export class OutboxReader {
  constructor(
    protected readonly client: pg.ClientBase,
    private readonly types: readonly string[] | null,
    protected readonly limits: ReadLimits,
  ) {}

  async read(cursor: Cursor): Promise<Reading> {
    const parts = await (cursor.lateSnapshot === null ? this.readDue(cursor) : this.readSlice(cursor, cursor.lateSnapshot));
    return this.toReading(cursor, parts);
  }

  protected toReading(cursor: Cursor, parts: ReadParts): Reading {
    return new Reading(cursor, parts);
  }

  /** Returns the transactions whose rows may have become visible since the cursor's snapshot. */
  protected lookBack(cursor: Cursor): { xmax: string; listed: string[] } {
    return parseSnapshot(cursor.snapshot);
  }

  protected async readDue(cursor: Cursor): Promise<ReadParts> {
    const { xmax, listed } = this.lookBack(cursor);
    const { fresh, late, bytes } = this.limits;
    const values = [cursor.position, listed, xmax, fresh, late, this.types, bytes];
    return this.partsOf(await this.query('outbox-read', READ, values), cursor, late);
  }

  private async readSlice(cursor: Cursor, lateSnapshot: string): Promise<ReadParts> {
    const { late, bytes } = this.limits;
    const values = [cursor.position, cursor.snapshot, lateSnapshot, cursor.latePosition, late, this.types, bytes];
    return this.partsOf(await this.query('outbox-slice', SLICE, values), cursor, late);
  }

  /** Uses the callback of pg. The rows of pg's promise stay in memory until the next full garbage collection. */
  private query(name: string, text: string, values: unknown[]): Promise<readonly ResultRow[]> {
    return new Promise((resolve, reject) => {
      const config = { name, text, values, rowMode: 'array' as const, types: AS_TEXT };
      this.client.query<[...ResultRow]>(config, (error: Error | null, result) => (error ? reject(error) : resolve(result.rows)));
    });
  }

  private partsOf(rows: readonly ResultRow[], { position }: Cursor, lateLimit: number): ReadParts {
    const late: OutboxRow[] = [];
    const fresh: OutboxRow[] = [];
    let edge: ResultRow | undefined;
    for (const row of rows) {
      if (row[0] === null) edge = row;
      else (comparePositions(row[0], position) > 0 ? fresh : late).push(this.toOutboxRow(row));
    }
    const [snapshot, found] = [edge![2], Number(edge![9])];
    const taken = late.sort(byPosition).slice(0, lateLimit);
    const lateIsWhole = taken.length === found;
    return { snapshot, late: taken, lateIsWhole, fresh: lateIsWhole ? fresh.sort(byPosition) : [] };
  }

  private toOutboxRow(row: ResultRow): OutboxRow {
    const eventType = row[2];
    const size = Number(row[9]);
    const payload = row[10];
    return {
      position: row[0]!,
      eventId: row[1],
      eventType,
      schemaVersion: Number(row[3]),
      aggregateType: row[4],
      aggregateId: row[5],
      organizationId: row[6],
      correlationId: row[7],
      occurredAt: new Date(Number(row[8])),
      size,
      payload,
      attempt: 1,
      tooLarge: payload === null && size > MAX_PAYLOAD_BYTES && (this.types?.includes(eventType) ?? true),
    };
  }
}

const byPosition = (one: OutboxRow, other: OutboxRow): number => comparePositions(one.position, other.position);
