import { SLOT_COUNT } from '../log/slot-count.js';

const DAY_MS = 86_400_000;
/** Tolerated difference between the clock of the database and those of the publisher, which sets `occurred_at`, and of this process. */
const CLOCK_MARGIN_MS = 3_600_000;

/**
 * Returns the slots of the log that contain the events of a period, so that a query scans only these. Returns null for all slots.
 */
export function slotsOf(from: string | undefined, to: string | undefined, now: number): number[] | null {
  if (from === undefined) return null;
  const first = Math.floor((Date.parse(from) - CLOCK_MARGIN_MS) / DAY_MS);
  const last = Math.floor((Math.min(to === undefined ? now : Date.parse(to), now) + CLOCK_MARGIN_MS) / DAY_MS);
  if (last - first >= SLOT_COUNT - 1) return null;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, days) => (first + days) % SLOT_COUNT);
}
