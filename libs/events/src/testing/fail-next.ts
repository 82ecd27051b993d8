import { PikaiaError } from '@pikaia/core';
import { handlerDeclarationsOf } from '../consume/consumer.decorator.js';

type Handlers = Record<string, (...args: unknown[]) => unknown>;

/**
 * Makes the next calls of a consumer's handlers fail before they do anything. The events are retried, as after any error of a handler.
 *
 * @param consumer the instance, such as `app.get(WelcomeEmail)`.
 * @param times the number of calls that fail.
 * @param error the error that they fail with.
 * @throws PikaiaError `PIKAIA_CONSUMER_INVALID` if the object has no handler.
 */
export function failNext(consumer: object, times = 1, error: Error = new Error('This call fails because of failNext.')): void {
  const methods = handlerDeclarationsOf(consumer.constructor).map(({ method }) => method);
  if (!methods.length)
    throw new PikaiaError('PIKAIA_CONSUMER_INVALID', `failNext: ${consumer.constructor.name} has no method with @Handles.`);
  const handlers = consumer as Handlers;
  let left = times;
  for (const method of methods) {
    const original = handlers[method]!;
    handlers[method] = async (...args) => {
      if (left > 0) {
        left--;
        throw error;
      }
      return original.apply(consumer, args);
    };
  }
}
