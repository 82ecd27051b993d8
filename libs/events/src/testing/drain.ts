import type { INestApplicationContext } from '@nestjs/common';
import { AssertionError } from 'node:assert';
import { RelayService } from '../worker/relay.module.js';
import type { PassResult, SinkPass } from '../worker/relay.pass.js';

const DEFAULT_TIME_LIMIT_MS = 10_000;

export interface DrainOptions {
  /** Milliseconds after which `drain` fails. Default: 10 seconds. */
  readonly timeLimitMs?: number;
  /** True: an event that becomes a dead letter does not make `drain` fail. Default: false. */
  readonly allowFailed?: boolean;
}

/**
 * Handles everything that is published, and what the handlers publish, with the real relay and database. A failed attempt is repeated at
 * once instead of after its delay. Needs `RelayModule.forRoot({ autoStart: false, … })`.
 *
 * @param app the application under test, or its testing module.
 * @throws AssertionError that names each sink with events that could not be handled, and the last error.
 * @throws PikaiaError `PIKAIA_OUTBOX_RUNNING` if the relays of the application run by themselves.
 */
export async function drain(
  app: Pick<INestApplicationContext, 'get'>,
  { timeLimitMs = DEFAULT_TIME_LIMIT_MS, allowFailed = false }: DrainOptions = {},
): Promise<PassResult> {
  const result = await app.get(RelayService, { strict: false }).runOnce({ timeLimitMs, retryNow: true });
  const isProblem = ({ outcome, failed }: SinkPass): boolean => outcome !== 'done' || (failed > 0 && !allowFailed);
  const problems = result.sinks.filter(isProblem);
  if (!problems.length) return result;
  throw new AssertionError({
    message: ['drain could not handle every event:', ...problems.map(problemText)].join('\n'),
    actual: result.sinks,
    expected: 'every sink is done',
    operator: 'drain',
    stackStartFn: drain,
  });
}

const problemText = ({ sink, outcome, accepted, failed, error }: SinkPass): string =>
  `  ${sink}: ${outcome}, ${accepted} accepted, ${failed} failed${error === null ? '' : `: ${error}`}`;
