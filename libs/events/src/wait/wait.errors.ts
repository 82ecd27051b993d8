import { PikaiaError } from '@pikaia/core';
import type { UnhandledEvent } from './wait.sql.js';

export const consumerUnknown = (consumer: string, known: readonly string[]): PikaiaError =>
  new PikaiaError(
    'PIKAIA_CONSUMER_UNKNOWN',
    `There is no consumer ${consumer}. Known consumers: ${known.join(', ') || 'none'}. A consumer in a worker is known once that worker has started; name a consumer behind a queue in queueConsumers of EventsModule.`,
  );

export const tokenExpired = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_CHANGE_TOKEN_EXPIRED',
    'The log no longer has the events of this change: they are older than its retention, or the database was restored from a dump. Read without waiting.',
  );

export function eventFailed(consumer: string, { event_id: id, event_type: type, blocked }: UnhandledEvent): PikaiaError {
  const reason = blocked ? 'waits behind a failed event of its aggregate' : 'failed permanently';
  return new PikaiaError(
    'PIKAIA_CHANGE_FAILED',
    `${type} ${id} ${reason} at ${consumer}. Read without waiting. An operator has to replay or skip the failed event.`,
  );
}

export const eventSkipped = (consumer: string, { event_id: id, event_type: type }: UnhandledEvent): PikaiaError =>
  new PikaiaError(
    'PIKAIA_CHANGE_SKIPPED',
    `${type} ${id} was skipped at ${consumer} by an operator, so it is never handled. Read without waiting.`,
  );

export const waitTimedOut = (consumer: string, timeoutMs: number, last: string, cause: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_WAIT_TIMEOUT',
    `${consumer} has not handled the change within ${timeoutMs} ms: ${last}. Read without waiting, or wait again with the same token.`,
    { cause },
  );

export const waitAborted = (reason: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_WAIT_ABORTED', `The wait ended because ${reason}. The change itself is committed.`, { cause });
