import type { EventMetadata } from '../contract/event-metadata.js';

/**
 * The cursor of a sink. It covers each event whose position is at or below `position` and whose transaction is visible in
 * `snapshot`. A covered event was handed over to the sink.
 *
 * A large set of events that became visible late is handed over in slices. Meanwhile the cursor also covers the events at or
 * below `latePosition` that are visible in `lateSnapshot`. Positions are bigints as text.
 */
export interface Cursor {
  readonly position: string;
  readonly snapshot: string;
  readonly latePosition: string;
  readonly lateSnapshot: string | null;
}

/** An event as the reader returns it. */
export interface OutboxRow extends EventMetadata {
  /** The attempt number of a first delivery. */
  readonly attempt: 1;
  /** The size of the event as sent, in bytes. */
  readonly size: number;
  /** The text of the envelope. Null for a type that the sink does not want, and for a payload that is too large to read. */
  readonly payload: string | null;
  readonly tooLarge: boolean;
}

/** Returns a number below 0 if `one` is lower. Positions are bigints as text, so the longer text is the higher position. */
export function comparePositions(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Returns the transactions that are not visible in a snapshot: those that it lists as running, and all from `xmax` on. */
export function parseSnapshot(snapshot: string): { xmax: string; listed: string[] } {
  const [, xmax = '', list = ''] = snapshot.split(':');
  return { xmax, listed: list ? list.split(',') : [] };
}

/** The two parts of one read. */
export interface ReadParts {
  /** The snapshot of the read. */
  readonly snapshot: string;
  /** Rows at or below the cursor's position that were not visible in its snapshot and are visible now; ordered by position. */
  readonly late: readonly OutboxRow[];
  /** False if there are more late rows than the read returned. */
  readonly lateIsWhole: boolean;
  /** Rows above the cursor's position, ordered by position. Empty unless the late part is complete. */
  readonly fresh: readonly OutboxRow[];
}

/**
 * Returns the cursor after the first `taken` rows of a read, late rows first. It can stop at any row. Among fresh rows,
 * `position` marks the row. Among late rows, `latePosition` marks it, together with the snapshot in which the late rows were
 * found.
 */
function advance(cursor: Cursor, { snapshot, late, lateIsWhole, fresh }: ReadParts, taken: number): Cursor {
  if (taken < late.length || !lateIsWhole) {
    const last = late[taken - 1];
    return last ? { ...cursor, latePosition: last.position, lateSnapshot: cursor.lateSnapshot ?? snapshot } : cursor;
  }
  if (cursor.lateSnapshot !== null) {
    // After the last slice, the cursor takes the snapshot of the slices. The snapshot of this read can show rows that no slice
    // contained.
    return { position: cursor.position, snapshot: cursor.lateSnapshot, latePosition: '0', lateSnapshot: null };
  }
  const position = fresh[taken - late.length - 1]?.position ?? cursor.position;
  return { position, snapshot, latePosition: '0', lateSnapshot: null };
}

/** The rows of one read, and the cursor after each of them. */
export class Reading {
  /** The rows in the order of delivery: late rows, then fresh rows. */
  readonly rows: readonly OutboxRow[];

  constructor(
    protected readonly before: Cursor,
    protected readonly parts: ReadParts,
  ) {
    this.rows = [...parts.late, ...parts.fresh];
  }

  /** Returns the cursor after all earlier reads and the first `taken` rows of this read are handed over. */
  after(taken: number): Cursor {
    return advance(this.before, this.parts, taken);
  }
}
