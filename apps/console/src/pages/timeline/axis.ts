export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** A time without entries that the axis shortens. */
export interface Gap extends Interval {
  /** Its place on the axis, from 0 to 1. */
  readonly at: number;
}

export interface Axis {
  readonly start: number;
  readonly end: number;
  readonly gaps: readonly Gap[];
  /** The place of a time, from 0 to 1. */
  place(time: number): number;
}

const MIN_GAP_MS = 1_000; // a shorter pause is drawn to scale
const MIN_GAP_SHARE = 2; // of the time in which something happens
const SHORTENED_SHARE = 0.08; // of the same time

/**
 * Places times on a linear axis. A long time in which nothing happens, such as that between two attempts, is shortened, so that the
 * durations around it stay visible. All other distances have one scale.
 */
export function axisOf(intervals: readonly Interval[]): Axis {
  const busy = mergeIntervals(intervals);
  if (busy.length === 0) return { start: 0, end: 0, gaps: [], place: () => 0 };
  const start = busy[0]!.start;
  const end = busy.at(-1)!.end;
  const pauses = busy.slice(1).map((next, index) => ({ start: busy[index]!.end, end: next.start }));
  const isLong = longPause(busy, pauses);
  const long = pauses.filter(isLong);
  const drawn = end - start - sum(long);
  const shortened = Math.max(1, drawn * SHORTENED_SHARE);
  const total = Math.max(1, drawn + long.length * shortened);
  const place = (time: number): number => {
    let position = Math.min(Math.max(time, start), end) - start;
    for (const gap of long) {
      if (time <= gap.start) break;
      const inside = Math.min(time, gap.end) - gap.start;
      position += (inside / (gap.end - gap.start)) * shortened - inside;
    }
    return position / total;
  };
  return { start, end, place, gaps: long.map((gap) => ({ ...gap, at: (place(gap.start) + place(gap.end)) / 2 })) };
}

/** A pause is long if it is longer than twice the busy time and all shorter pauses together. */
function longPause(busy: readonly Interval[], pauses: readonly Interval[]): (pause: Interval) => boolean {
  let drawn = sum(busy);
  let limit = Infinity;
  for (const pause of pauses.toSorted((a, b) => a.end - a.start - (b.end - b.start))) {
    const length = pause.end - pause.start;
    if (length > Math.max(MIN_GAP_MS, drawn * MIN_GAP_SHARE)) {
      limit = length;
      break;
    }
    drawn += length;
  }
  return ({ start, end }) => end - start >= limit;
}

const sum = (intervals: readonly Interval[]): number => intervals.reduce((total, { start, end }) => total + end - start, 0);

function mergeIntervals(intervals: readonly Interval[]): Interval[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
