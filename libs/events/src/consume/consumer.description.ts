import { PikaiaError } from '@pikaia/core';
import type { Contract } from '../contract/domain-event.js';
import { consumerDeclarationOf, handlerDeclarationsOf } from './consumer.decorator.js';

/**
 * The name and the contracts of a consumer. Use it to configure the delivery of events, for example the rules of an event bus.
 */
export interface ConsumerDescription {
  readonly name: string;
  readonly contracts: readonly Contract[];
}

/**
 * Describes a consumer class.
 *
 * @throws PikaiaError `PIKAIA_CONSUMER_INVALID` for a class without `@Consumer`.
 */
export function describeConsumer(type: Function): ConsumerDescription {
  const declared = consumerDeclarationOf(type);
  if (!declared) throw new PikaiaError('PIKAIA_CONSUMER_INVALID', `Consumer ${type.name}: it has no @Consumer.`);
  return { name: declared.name, contracts: handlerDeclarationsOf(type).map(({ contract }) => contract) };
}
