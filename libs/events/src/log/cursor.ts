import type { EventFacts } from '../contract/event-facts.js';

/**
 * How far a sink is. Handed over = at or below `position` and shown by `snapshot`; and while a large late set is handed
 * over in slices, also at or below `latePosition` and shown by `lateSnapshot`. Positions are bigints as text.
 */
export interface Cursor {
  readonly position: string;
  readonly snapshot: string;
  readonly latePosition: string;
  readonly lateSnapshot: string | null;
}

export interface OutboxRow extends EventFacts {
  /** As a sink gets it at first. */
  readonly attempt: 1;
  /** Bytes as sent. */
  readonly size: number;
  /** The envelope's text; null for a type that the sink does not want, and for one that is too large to be read. */
  readonly payload: string | null;
  readonly tooLarge: boolean;
}

/** Below 0 where the first is lower. Positions are bigints as text: the longer one is the higher. */
export function comparePositions(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The transactions that a snapshot does not show: those that it lists as running, and all from xmax on. */
export function parseSnapshot(snapshot: string): { xmax: string; listed: string[] } {
  const [, xmax = '', list = ''] = snapshot.split(':');
  return { xmax, listed: list ? list.split(',') : [] };
}

export interface ReadParts {
  /** The snapshot that the read ran in. */
  readonly snapshot: string;
  /** At or below the cursor's position, not shown by its snapshot, shown now; by position. */
  readonly late: readonly OutboxRow[];
  /** False: there are more late rows than came. */
  readonly lateIsWhole: boolean;
  /** Above the cursor's position; by position. Empty unless the late part is whole. */
  readonly fresh: readonly OutboxRow[];
}

/**
 * The cursor after the first `taken` rows of a read, late ones first. It may stop anywhere: among fresh rows the
 * position says where, among late ones `latePosition` does, with the snapshot in which the late rows were found.
 */
export function advance(cursor: Cursor, { snapshot, late, lateIsWhole, fresh }: ReadParts, taken: number): Cursor {
  if (taken < late.length || !lateIsWhole) {
    const last = late[taken - 1];
    return last ? { ...cursor, latePosition: last.position, lateSnapshot: cursor.lateSnapshot ?? snapshot } : cursor;
  }
  if (cursor.lateSnapshot !== null) {
    // The last slice: what was handed over is what the slices' own snapshot shows, never what this read's does.
    return { position: cursor.position, snapshot: cursor.lateSnapshot, latePosition: '0', lateSnapshot: null };
  }
  const position = fresh[taken - late.length - 1]?.position ?? cursor.position;
  return { position, snapshot, latePosition: '0', lateSnapshot: null };
}

/** What one read brought. */
export class Reading {
  /** In the order in which they are to be handed over: late ones, then fresh ones. */
  readonly rows: readonly OutboxRow[];

  constructor(
    protected readonly before: Cursor,
    protected readonly parts: ReadParts,
  ) {
    this.rows = [...parts.late, ...parts.fresh];
  }

  /** The cursor when the first `taken` rows, and all earlier readings, are handed over. */
  after(taken: number): Cursor {
    return advance(this.before, this.parts, taken);
  }
}
