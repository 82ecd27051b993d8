import type { Schemas } from '../api/client.js';
import { countText } from './count-text.js';
import { durationText } from './duration-text.js';

type Progress = Schemas['ReplayProgress'];

export interface ReplayFigures {
  /** The events that the sink has settled. */
  readonly done: number;
  /** The part that is done, from 0 to 1. */
  readonly share: number;
  readonly perSecond: number;
  /** Undefined while there is nothing to estimate it from. */
  readonly remainingMs: number | undefined;
}

/**
 * Computes how far a replay is at one sink.
 *
 * @param expected the number of events that matched at its start. Without it, the part of the log that was read counts.
 */
export function replayFigures(progress: Progress, expected: number | null): ReplayFigures {
  const { sent, skipped, dead_letters: retried, failed, elapsed_ms: elapsed } = progress;
  const done = sent + skipped + retried + failed;
  const share = expected === null ? progress.share : expected === 0 ? 1 : Math.min(1, done / expected);
  return {
    done,
    share,
    perSecond: elapsed > 0 ? (done * 1_000) / elapsed : 0,
    remainingMs: share > 0 && done > 0 ? (elapsed * (1 - share)) / share : undefined,
  };
}

/** Says how far a replay is, such as `40 of 120 events, 2.0 per second of at most 2, about 40.0 s left`. */
export function replayText(progress: Progress, expected: number | null): string {
  const { done, share, perSecond, remainingMs } = replayFigures(progress, expected);
  const parts = [
    expected === null
      ? `${countText(done, 'event')}, ${Math.floor(share * 100)}% of the log read`
      : `${done.toLocaleString()} of ${countText(Math.max(expected, done), 'event')}`,
    `${perSecond.toFixed(1)} per second${progress.rate === null ? '' : ` of at most ${progress.rate.toLocaleString()}`}`,
    ...(progress.canceled ? ['being canceled'] : remainingMs === undefined ? [] : [`about ${durationText(remainingMs)} left`]),
  ];
  return parts.join(', ');
}
