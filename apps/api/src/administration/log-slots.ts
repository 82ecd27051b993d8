const DAY_MS = 86_400_000;
const MARGIN_MS = 3_600_000; // between the clocks of a publisher, which says when it occurred, and of the database
const SLOTS = 12; // of the log: the day modulo twelve

/** The slots of the log in which the events of a time lie, so that only these are looked at; null: any. */
export function slotsOf(from: string | undefined, to: string | undefined, now: number): number[] | null {
  if (from === undefined) return null;
  const first = Math.floor((Date.parse(from) - MARGIN_MS) / DAY_MS);
  const last = Math.floor((Math.min(to === undefined ? now : Date.parse(to), now) + MARGIN_MS) / DAY_MS);
  if (last - first >= SLOTS - 1) return null;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, days) => (first + days) % SLOTS);
}
