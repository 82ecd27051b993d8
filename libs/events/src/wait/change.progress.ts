import type { PikaiaError } from '@pikaia/core';
import type { ConsumerDescription } from '../consume/consumer.description.js';
import type { ChangeState, UnhandledEvent } from './wait.sql.js';
import { eventFailed, eventSkipped, tokenExpired } from './wait.errors.js';

/** What is known about a change at a consumer: seen, a reason why it will not be, or what the wait is for. */
export type ChangeProgress =
  | { readonly kind: 'seen' }
  | { readonly kind: 'consumer_unknown' }
  | { readonly kind: 'refused'; readonly error: PikaiaError }
  | { readonly kind: 'unseen'; readonly what: string };

/**
 * Decides whether a consumer has seen a change. The receipt counts and not the cursor of the sink. An event that the consumer never
 * receives counts as seen: it does not handle the type, or its sink started after the event.
 *
 * @param description the consumer, if it runs behind a queue and therefore has no sink.
 */
export function progressOf(consumer: string, description: ConsumerDescription | undefined, state: ChangeState): ChangeProgress {
  const hasSink = state.sink_state !== null && state.sink_state !== 'retired';
  if (!hasSink && !description) return { kind: 'consumer_unknown' };
  if (!state.found) return { kind: 'refused', error: tokenExpired() };
  const isReceived = ({ event_type, status }: UnhandledEvent): boolean =>
    hasSink ? status !== null && status !== 'not_wanted' : description!.contracts.some(({ type }) => type === event_type);
  const awaited = state.unhandled.filter(isReceived);
  const failed = hasSink && awaited.find(({ status, blocked }) => status === 'failed' || blocked);
  if (failed) return { kind: 'refused', error: eventFailed(consumer, failed) };
  const skipped = hasSink && awaited.find(({ status }) => status === 'skipped');
  if (skipped) return { kind: 'refused', error: eventSkipped(consumer, skipped) };
  const [first] = awaited;
  if (!first) return { kind: 'seen' };
  const status = hasSink ? first.status : 'without a receipt';
  const paused = state.sink_state === 'paused' ? '; its sink is paused' : '';
  return { kind: 'unseen', what: `${first.event_type} ${first.event_id} is ${status}${paused}` };
}
