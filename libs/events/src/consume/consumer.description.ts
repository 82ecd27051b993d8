import { PikaiaError } from '@pikaia/core';
import type { Contract } from '../contract/domain-event.js';
import { consumerDeclared, handlersDeclared } from './consumer.decorator.js';

/** What a class declares: for what brings events to it, as the rules of a bus. */
export interface ConsumerDescription {
  readonly name: string;
  readonly contracts: readonly Contract[];
}

/** @throws PikaiaError `PIKAIA_CONSUMER_INVALID` for a class without `@Consumer`. */
export function describeConsumer(type: Function): ConsumerDescription {
  const declared = consumerDeclared(type);
  if (!declared) throw new PikaiaError('PIKAIA_CONSUMER_INVALID', `Consumer ${type.name}: it has no @Consumer.`);
  return { name: declared.name, contracts: handlersDeclared(type).map(({ contract }) => contract) };
}
