import type { ReplayFilter } from './command.js';

/** A replay at one sink: a row of `outbox_replay`. Positions are bigints as text. */
export interface Replay {
  readonly id: string;
  readonly filter: ReplayFilter;
  readonly dryRun: boolean;
  readonly maxEvents: number | null;
  readonly rate: number | null;
  readonly endPosition: string;
  /** The snapshot of the cursor when the replay started. It shows which events were settled. */
  readonly snapshot: string;
  readonly position: string;
  readonly counts: ReplayCounts;
  readonly lastError: string | null;
  /** True: the leader sends nothing more, and ends the replay once no event of it is in flight. */
  readonly canceled: boolean;
}

interface ReplayCounts {
  readonly matched: number;
  readonly sent: number;
  /** Sent to a handler that skips replays. */
  readonly skipped: number;
  /** Dead letters that are retried. A retry is a first delivery, in the order of the aggregate. */
  readonly revived: number;
  /** Refused at every attempt. These events stay published. */
  readonly failed: number;
}

/** Converts a row of `outbox_replay`. */
export const toReplay = (row: Readonly<Record<string, unknown>>): Replay => ({
  id: row['id'] as string,
  filter: row['filter'] as ReplayFilter,
  dryRun: row['dry_run'] as boolean,
  maxEvents: row['most'] === null ? null : Number(row['most']),
  rate: row['rate'] as number | null,
  endPosition: row['end_position'] as string,
  snapshot: row['snapshot'] as string,
  position: row['position'] as string,
  counts: {
    matched: Number(row['matched']),
    sent: Number(row['sent']),
    skipped: Number(row['skipped']),
    revived: Number(row['revived']),
    failed: Number(row['failed']),
  },
  lastError: row['last_error'] as string | null,
  canceled: row['canceled'] as boolean,
});

/** Returns the counts of a replay as its answer has them. */
export const resultOf = ({ counts: { matched, revived, ...sent }, dryRun, lastError, canceled }: Replay) => ({
  dry_run: dryRun,
  matched,
  ...(!dryRun && sent),
  dead_letters: revived,
  ...(canceled && { canceled }),
  ...(!dryRun && lastError !== null && { last_error: lastError }),
});

/** Returns the filter as the parameters $7 to $18 of the statements in replay.sql.ts. */
export const filterValues = (filter: ReplayFilter): unknown[] => [
  namedEvents(filter),
  filter.event_type ?? null,
  filter.aggregate_type ?? null,
  filter.aggregate_id ?? null,
  filter.organization_id ?? null,
  filter.correlation_id ?? null,
  filter.from ?? null,
  filter.to ?? null,
  filter.status ?? null,
  filter.error ?? null,
  filter.actor_id ?? null,
  filter.fingerprint ?? null,
];

/** Returns the ids of the events that match by their id. Null if the filter names none. */
function namedEvents({ event_id: id, event_ids: ids }: ReplayFilter): readonly string[] | null {
  if (id === undefined) return ids ?? null;
  return ids === undefined || ids.includes(id) ? [id] : [];
}

/** Whether a filter names events by their ids. */
export const isSelection = (filter: ReplayFilter): boolean => namedEvents(filter) !== null;
