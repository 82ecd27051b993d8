import type pg from 'pg';
import { comparePositions, parseSnapshot, Reading, type Cursor, type OutboxRow, type ReadParts } from './cursor.js';
import { LARGEST_PAYLOAD_BYTES } from './payload-limit.js';
import { READ, SLICE } from './reading.sql.js';

export interface ReadLimits {
  /** Rows above the cursor's position. */
  readonly fresh: number;
  /** Rows that became visible late, before they are handed over in slices. */
  readonly late: number;
  /** Bytes of payload of either part. */
  readonly bytes: number;
}

export const READ_LIMITS: ReadLimits = { fresh: 2000, late: 1000, bytes: 16 * 1024 * 1024 };

/** The columns of reading.sql.ts, as the server wrote them. */
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

/** All of them as text: pg would parse the payload. */
const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

/**
 * Reads the log behind a cursor. Nothing that commits is ever passed over, however late it becomes visible: a read adds
 * {at or below P, not shown by S, shown by R} and {above P up to P', shown by R} to what was handed over, {at or below
 * P, shown by S}; the sum is {at or below P', shown by R}, which is the next cursor.
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

  /** The transactions whose rows may have become visible since the cursor's snapshot was taken. */
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

  /** With a callback: what pg's own promise gave would be kept until the next full collection of garbage. */
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
      tooLarge: payload === null && size > LARGEST_PAYLOAD_BYTES && (this.types?.includes(eventType) ?? true),
    };
  }
}

const byPosition = (one: OutboxRow, other: OutboxRow): number => comparePositions(one.position, other.position);
