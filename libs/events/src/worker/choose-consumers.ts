import { PikaiaError, splitList } from '@pikaia/core';
import type { ConsumerDefinition } from '../consume/consumer.definition.js';

/**
 * Chooses the consumers that a comma-separated list names; all without a list.
 *
 * @throws PikaiaError `PIKAIA_CONSUMER_UNKNOWN` for a name that no consumer of the application has.
 */
export function chooseConsumers(names: string | undefined, consumers: readonly ConsumerDefinition[]): ConsumerDefinition[] {
  if (names === undefined) return [...consumers];
  return [...new Set(splitList(names))].map((name) => {
    const chosen = consumers.find((consumer) => consumer.name === name);
    if (chosen) return chosen;
    throw new PikaiaError(
      'PIKAIA_CONSUMER_UNKNOWN',
      `EVENT_CONSUMERS names "${name}", which is not a consumer of this application. Its consumers: ${consumers.map((consumer) => consumer.name).join(', ') || 'none'}.`,
    );
  });
}
