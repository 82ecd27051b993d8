import type { ClientBase } from 'pg';
import { advance, comparePositions, parseSnapshot, type Cursor, type OutboxRow, type Reading, type ReadParts } from './cursor.js';
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

export const READ_LIMITS: ReadLimits = { fresh: 1000, late: 1000, bytes: 16 * 1024 * 1024 };

interface EventRow {
  position: string;
  event_id: string;
  event_type: string;
  schema_version: number;
  aggregate_type: string;
  aggregate_id: string;
  organization_id: string | null;
  correlation_id: string | null;
  occurred_ms: number;
  size: number;
  payload: string | null;
}

/** What a read says beside its events: the snapshot that it ran in, and how many late rows there are. */
interface EdgeRow {
  position: null;
  event_type: string;
  size: number;
}

type ResultRow = EventRow | EdgeRow;

/**
 * Reads the log behind a cursor. Nothing that commits is ever passed over, however late it becomes visible: a read adds
 * {at or below P, not shown by S, shown by R} and {above P up to P', shown by R} to what was handed over, {at or below
 * P, shown by S}; the sum is {at or below P', shown by R}, which is the next cursor.
 */
export class OutboxReader {
  constructor(
    protected readonly client: ClientBase,
    private readonly types: readonly string[] | null,
    protected readonly limits: ReadLimits,
  ) {}

  async read(cursor: Cursor): Promise<Reading> {
    const parts = await (cursor.lateSnapshot === null ? this.readDue(cursor) : this.readSlice(cursor, cursor.lateSnapshot));
    return this.toReading(cursor, parts);
  }

  protected toReading(cursor: Cursor, parts: ReadParts): Reading {
    return { rows: [...parts.late, ...parts.fresh], after: (taken) => advance(cursor, parts, taken) };
  }

  /** The transactions whose rows may have become visible since the cursor's snapshot was taken. */
  protected lookBack(cursor: Cursor): { xmax: string; listed: string[] } {
    return parseSnapshot(cursor.snapshot);
  }

  protected async readDue(cursor: Cursor): Promise<ReadParts> {
    const { xmax, listed } = this.lookBack(cursor);
    const { fresh, late, bytes } = this.limits;
    const values = [cursor.position, listed, xmax, fresh, late, this.types, bytes];
    const { rows } = await this.client.query<ResultRow>({ name: 'outbox-read', text: READ, values });
    return this.partsOf(rows, cursor, late);
  }

  private async readSlice(cursor: Cursor, lateSnapshot: string): Promise<ReadParts> {
    const { late, bytes } = this.limits;
    const values = [cursor.position, cursor.snapshot, lateSnapshot, cursor.latePosition, late, this.types, bytes];
    const { rows } = await this.client.query<ResultRow>({ name: 'outbox-slice', text: SLICE, values });
    return this.partsOf(rows, cursor, late);
  }

  private partsOf(rows: readonly ResultRow[], { position }: Cursor, lateLimit: number): ReadParts {
    const late: OutboxRow[] = [];
    const fresh: OutboxRow[] = [];
    let edge: EdgeRow | undefined;
    for (const row of rows) {
      if (row.position === null) edge = row;
      else (comparePositions(row.position, position) > 0 ? fresh : late).push(this.toOutboxRow(row));
    }
    const { size: found, event_type: snapshot } = edge!;
    const taken = late.sort(byPosition).slice(0, lateLimit);
    const lateIsWhole = taken.length === found;
    return { snapshot, late: taken, lateIsWhole, fresh: lateIsWhole ? fresh.sort(byPosition) : [] };
  }

  private toOutboxRow(row: EventRow): OutboxRow {
    const { payload, size, event_type: eventType } = row;
    return {
      position: row.position,
      eventId: row.event_id,
      eventType,
      schemaVersion: row.schema_version,
      aggregateType: row.aggregate_type,
      aggregateId: row.aggregate_id,
      organizationId: row.organization_id,
      correlationId: row.correlation_id,
      occurredAt: new Date(row.occurred_ms),
      size,
      payload,
      tooLarge: payload === null && size > LARGEST_PAYLOAD_BYTES && (this.types?.includes(eventType) ?? true),
    };
  }
}

const byPosition = (one: OutboxRow, other: OutboxRow): number => comparePositions(one.position, other.position);
