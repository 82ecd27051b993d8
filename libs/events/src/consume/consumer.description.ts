import { PikaiaError } from '@pikaia/core';
import type { Contract } from '../contract/domain-event.js';
import { consumerDeclarationOf, handlerDeclarationsOf } from './consumer.decorator.js';

/**
 * The name and the contracts of a consumer. Use it to configure the delivery of events, for example the rules of an event bus.
 */
export interface ConsumerDescription {
  readonly name: string;
  readonly contracts: readonly Contract[];
  /** The event types whose handlers skip replays. */
  readonly typesSkippedInReplays: readonly string[];
}

/**
 * Describes a consumer class.
 *
 * @throws PikaiaError `PIKAIA_CONSUMER_INVALID` for a class without `@Consumer`.
 */
export function describeConsumer(type: Function): ConsumerDescription {
  const declared = consumerDeclarationOf(type);
  if (!declared) throw new PikaiaError('PIKAIA_CONSUMER_INVALID', `Consumer ${type.name}: it has no @Consumer.`);
  const handlers = handlerDeclarationsOf(type);
  const runs = new Set(handlers.filter(({ replay }) => replay === 'run').map(({ contract }) => contract.type));
  return {
    name: declared.name,
    contracts: handlers.map(({ contract }) => contract),
    typesSkippedInReplays: [...new Set(handlers.map(({ contract }) => contract.type))].filter((one) => !runs.has(one)),
  };
}
