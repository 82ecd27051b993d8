import type { Clock } from '@pikaia/core';
import { PassLimits } from '../delivery/pass.limits.js';
import { textOf } from '../delivery/error-fingerprint.js';
import type { SinkRelay } from '../leader/sink.relay.js';
import type { TermResult } from '../leader/term.js';

const DEFAULT_TIME_LIMIT_MS = 60_000;

export interface PassOptions {
  /** Milliseconds after which no further event is handed over. Calls in flight get up to seven seconds more. Default: 60 seconds. */
  readonly timeLimitMs?: number;
  /** Number of events that all sinks together hand over, retries included. Default: no limit. */
  readonly maxEvents?: number;
  /** True: retries do not wait for their delays. Default: false. */
  readonly retryNow?: boolean;
}

export interface SinkPass {
  readonly sink: string;
  /**
   * - `done`: nothing was due at the end.
   * - `limit_reached`: the pass ended at a limit; more events may be due.
   * - `led_elsewhere`: another process leads the sink and delivers its events.
   * - `paused`, `retired`: an operator paused or retired the sink.
   * - `unreachable`: the sink does not respond, or its destination is missing.
   * - `broken`: the leader ended with an error.
   */
  readonly outcome: 'done' | 'limit_reached' | 'led_elsewhere' | 'paused' | 'retired' | 'unreachable' | 'broken';
  /** Events that the sink accepted. */
  readonly accepted: number;
  /** Attempts that failed or were postponed. The events are retried, some of them perhaps in this pass. */
  readonly retrying: number;
  /** Events that became dead letters. */
  readonly failed: number;
  /** The last error of an attempt, a call or the leader, without personal data of events. */
  readonly error: string | null;
}

export interface PassResult {
  readonly sinks: readonly SinkPass[];
  /** False if a sink is unreachable or broken, or an event became a dead letter. */
  readonly succeeded: boolean;
}

/**
 * Runs rounds of all relays until a round handles no event, because a handler may have published events for another sink.
 *
 * @param drainTimeoutMs the time for calls in flight at the end of a round.
 */
export async function runPass(
  relays: readonly SinkRelay[],
  { timeLimitMs = DEFAULT_TIME_LIMIT_MS, maxEvents = Infinity, retryNow = false }: PassOptions,
  clock: Clock,
  drainTimeoutMs: number,
): Promise<PassResult> {
  const limits = new PassLimits(clock, timeLimitMs, maxEvents, retryNow);
  let sinks = relays.map((relay): SinkPass => ({ ...NOTHING_DONE, sink: relay.sinkName, outcome: 'limit_reached' }));
  let isSettled = false;
  while (!isSettled && !limits.isReached) {
    const round = await Promise.all(relays.map((relay) => runSink(relay, limits, drainTimeoutMs)));
    sinks = round.map((pass, index) => addCounts(pass, sinks[index]!));
    isSettled = round.every(({ accepted, retrying, failed }) => accepted + retrying + failed === 0);
  }
  if (limits.isReached) sinks = sinks.map((pass) => (pass.outcome === 'done' ? { ...pass, outcome: 'limit_reached' } : pass));
  const succeeded = sinks.every(({ outcome, failed }) => outcome !== 'unreachable' && outcome !== 'broken' && failed === 0);
  return { sinks, succeeded };
}

async function runSink(relay: SinkRelay, limits: PassLimits, drainTimeoutMs: number): Promise<SinkPass> {
  const { sinkName: sink } = relay;
  try {
    const result = await relay.runPass(limits, drainTimeoutMs);
    if (!result) return { ...NOTHING_DONE, sink, outcome: 'led_elsewhere' };
    const { accepted, retrying, failed, lastError: error } = result;
    return { sink, outcome: outcomeOf(result), accepted, retrying, failed, error };
  } catch (error) {
    return { ...NOTHING_DONE, sink, outcome: 'broken', error: textOf(error) };
  }
}

function outcomeOf({ state, isIdle }: TermResult): SinkPass['outcome'] {
  if (state !== 'reachable') return state;
  return isIdle ? 'done' : 'limit_reached';
}

const NOTHING_DONE = { accepted: 0, retrying: 0, failed: 0, error: null };

const addCounts = (pass: SinkPass, earlier: SinkPass): SinkPass => ({
  ...pass,
  accepted: pass.accepted + earlier.accepted,
  retrying: pass.retrying + earlier.retrying,
  failed: pass.failed + earlier.failed,
  error: pass.error ?? earlier.error,
});
