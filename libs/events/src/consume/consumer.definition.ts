import { PikaiaError } from '@pikaia/core';
import { checkContracts } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { consumerDeclarationOf, handlerDeclarationsOf, type HandlerCall, type HandlerDeclaration } from './consumer.decorator.js';

export interface HandlerDefinition extends HandlerDeclaration {
  readonly run: (event: EventOf<object>, call: HandlerCall) => unknown;
}

/** A consumer that is ready to run, with one handler for each event type and version. */
export interface ConsumerDefinition {
  readonly name: string;
  readonly from: 'beginning' | 'now';
  readonly concurrency: number;
  readonly types: readonly string[];
  readonly handlers: readonly HandlerDefinition[];
  /** Returns undefined for a version that this process does not know. */
  handlerOf(type: string, version: number): HandlerDefinition | undefined;
}

/** The name of the sink that delivers to a consumer in a worker. */
export const localSinkOf = (consumer: string): string => `local/${consumer}`;

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const DEFAULT_CONCURRENCY = 4;
const MAX_CONCURRENCY = 100; // each running handler can hold a database connection

/**
 * Finds the consumers among the providers of an application.
 *
 * @throws PikaiaError `PIKAIA_CONSUMER_INVALID` for a name that is malformed or used twice, an invalid concurrency, a consumer
 * without handlers, two handlers of one contract in a consumer, or `@Handles` in a class without `@Consumer`.
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` for a contract that contains an invalid class.
 */
export function defineConsumers(instances: readonly object[]): ConsumerDefinition[] {
  const consumers = new Map<string, ConsumerDefinition>();
  for (const instance of new Set(instances)) {
    const consumer = defineConsumer(instance);
    if (!consumer) continue;
    if (consumers.has(consumer.name))
      throw refuse(consumer.name, 'two classes use this name, so they would share one cursor and its receipts');
    consumers.set(consumer.name, consumer);
  }
  checkContracts([...consumers.values()].flatMap(({ handlers }) => handlers.map(({ contract }) => contract)));
  return [...consumers.values()];
}

function defineConsumer(instance: object): ConsumerDefinition | undefined {
  const { constructor: type } = instance;
  const declared = consumerDeclarationOf(type);
  const handlers = handlerDeclarationsOf(type);
  if (!declared) {
    if (handlers.length) throw refuse(type.name, 'it has @Handles but no @Consumer');
    return undefined;
  }
  const { name, from, concurrency = DEFAULT_CONCURRENCY } = declared;
  if (!NAME.test(name))
    throw refuse(name, 'the name must consist of lower-case words joined by hyphens, for example welcome-email');
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY)
    throw refuse(name, `set concurrency to an integer from 1 to ${MAX_CONCURRENCY}, or omit it for ${DEFAULT_CONCURRENCY}`);
  if (!handlers.length) throw refuse(name, 'it has no handler: add @Handles to a method');
  const byContract = new Map<string, HandlerDefinition>();
  for (const handler of handlers) {
    const { type: eventType, version } = handler.contract;
    if (byContract.has(key(eventType, version))) throw refuse(name, `${key(eventType, version)} has two handlers`);
    const run = (instance as Record<string, HandlerDefinition['run']>)[handler.method]!.bind(instance);
    byContract.set(key(eventType, version), { ...handler, run });
  }
  return {
    name,
    from,
    concurrency,
    types: [...new Set(handlers.map(({ contract }) => contract.type))],
    handlers: [...byContract.values()],
    handlerOf: (eventType, version) => byContract.get(key(eventType, version)),
  };
}

const key = (type: string, version: number): string => `${type} v${version}`;

const refuse = (name: string, why: string): PikaiaError =>
  new PikaiaError('PIKAIA_CONSUMER_INVALID', `Consumer ${name}: ${why}.`);
