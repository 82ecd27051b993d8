/**
 * The cursor of a reader in a log table. It covers each row whose position is at or below `position` and whose transaction is
 * visible in `snapshot`. Every covered row is settled: the reader has processed it, or does not need it.
 *
 * A position alone would lose rows: a transaction can take a low position and commit after a reader has passed it. The snapshot
 * tells which transactions the reader has seen.
 *
 * A large set of rows that became visible late is read in slices. Between two slices the cursor also covers the rows at or below
 * `latePosition` that are visible in `lateSnapshot`. Positions are bigints as text.
 */
export interface LogCursor {
  readonly position: string;
  readonly snapshot: string;
  readonly latePosition: string;
  readonly lateSnapshot: string | null;
}

interface LogRow {
  readonly position: string;
}

/** The two parts of one read. */
export interface LogReadParts<Row extends LogRow> {
  /** The snapshot of the read. */
  readonly snapshot: string;
  /** Rows at or below the cursor's position that were not visible in its snapshot and are visible now; ordered by position. */
  readonly late: readonly Row[];
  /** False if there are more late rows than the read returned. */
  readonly isLateComplete: boolean;
  /** Rows above the cursor's position, ordered by position. Empty unless the late part is complete. */
  readonly fresh: readonly Row[];
}

/**
 * The rows of one read, and the cursor after each of them.
 *
 * Proof that no committed row is skipped: a cursor with position P and snapshot S covers {at or below P, visible in S}. A read in
 * snapshot R returns {at or below P, not visible in S, visible in R} and {above P up to P', visible in R}. Together these are {at
 * or below P', visible in R}, the rows that the next cursor covers.
 */
export class LogReading<Row extends LogRow> {
  /** The rows in the order of delivery: late rows, then fresh rows. */
  readonly rows: readonly Row[];

  constructor(
    protected readonly before: LogCursor,
    protected readonly parts: LogReadParts<Row>,
  ) {
    this.rows = [...parts.late, ...parts.fresh];
  }

  /**
   * Returns the cursor after all earlier reads and the first `taken` rows of this read are settled. Among fresh rows,
   * `position` marks the row. Among late rows, `latePosition` marks it, together with the snapshot in which the late rows were
   * found.
   */
  after(taken: number): LogCursor {
    const { snapshot, late, isLateComplete, fresh } = this.parts;
    const { position, lateSnapshot } = this.before;
    if (taken < late.length || !isLateComplete) {
      const last = late[taken - 1];
      return last ? { ...this.before, latePosition: last.position, lateSnapshot: lateSnapshot ?? snapshot } : this.before;
    }
    // After the last slice, the cursor takes the snapshot of the slices. The snapshot of this read can show rows that no slice
    // contained.
    if (lateSnapshot !== null) return { position, snapshot: lateSnapshot, latePosition: '0', lateSnapshot: null };
    const reached = fresh[taken - late.length - 1]?.position ?? position;
    return { position: reached, snapshot, latePosition: '0', lateSnapshot: null };
  }
}

/** Returns a number below 0 if `one` is lower. Positions are bigints as text, so the longer text is the higher position. */
export function comparePositions(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Returns the transactions that are not visible in a snapshot: those that it lists as running, and all from `xmax` on. */
export function parseSnapshot(snapshot: string): { xmax: string; running: string[] } {
  const [, xmax = '', list = ''] = snapshot.split(':');
  return { xmax, running: list ? list.split(',') : [] };
}

/**
 * SQL that selects the late rows of a log table: at or below the cursor's position $1, not visible in its snapshot (whose running
 * transactions are $2 and whose xmax is $3), and visible now. The table has the columns `position bigint` and `txid xid8`.
 *
 * Index: (txid). `offset 0` keeps the planner from using another index. Locks: none. Cost: the rows of the transactions that were
 * not visible, however long the log is.
 */
export const selectLateRows = (table: string): string => `
      select * from (
        select * from ${table} where txid = any (array(
          select x from unnest($2::xid8[]) x where pg_visible_in_snapshot(x, pg_current_snapshot())))
        union all
        select * from ${table} where txid >= $3::xid8 and txid < pg_snapshot_xmax(pg_current_snapshot())
        offset 0) unseen
      where position <= $1::bigint`;
