import { PikaiaError } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import { checkContracts, knownContracts, type Contract } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { checkUpcasters, findVersionPath, type VersionPath } from '../contract/upcast.decorator.js';
import { consumerDeclarationOf, handlerDeclarationsOf, type HandlerCall, type HandlerDeclaration } from './consumer.decorator.js';

export interface HandlerDefinition extends HandlerDeclaration {
  readonly run: (event: EventOf<object>, call: HandlerCall) => unknown;
}

/** The handler of a stored version, and the upcasters that lead to the version that it handles. */
export interface HandlerRoute {
  readonly handler: HandlerDefinition;
  readonly path: VersionPath;
}

/** A consumer that is ready to run, with one handler for each event type and version. */
export interface ConsumerDefinition {
  readonly name: string;
  readonly from: 'beginning' | 'now';
  readonly concurrency: number;
  readonly types: readonly string[];
  readonly handlers: readonly HandlerDefinition[];
  /**
   * Returns the handler of this very version, or else of the next higher version that upcasters reach. Undefined if there is none:
   * the event waits for a worker that has one.
   */
  routeOf(type: string, version: number): HandlerRoute | undefined;
}

const logger = getLogger('consumer');

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
 * @throws PikaiaError `PIKAIA_UPCASTER_INVALID`, or `PIKAIA_UPCASTER_MISSING` for a version below a handled one that the consumer could
 * not read.
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
  const handled = [...consumers.values()].flatMap(({ handlers }) => handlers.map(({ contract }) => contract));
  checkContracts(handled);
  checkUpcasters(new Set(handled.map(({ type }) => type)));
  for (const consumer of consumers.values()) checkVersions(consumer);
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
  const routes = new Map<string, HandlerRoute>();
  for (const handler of handlers) {
    const { contract, method } = handler;
    const version = key(contract.type, contract.version);
    if (routes.has(version)) throw refuse(name, `${version} has two handlers`);
    // Read at each call, so that a test can replace the method of the instance.
    const run: HandlerDefinition['run'] = (event, call) =>
      (instance as Record<string, HandlerDefinition['run']>)[method]!(event, call);
    routes.set(version, { handler: { ...handler, run }, path: { stored: contract, steps: [], wanted: contract } });
  }
  const definitions = [...routes.values()].map(({ handler }) => handler);
  return {
    name,
    from,
    concurrency,
    types: [...new Set(handlers.map(({ contract }) => contract.type))],
    handlers: definitions,
    routeOf: (eventType, version) => routes.get(key(eventType, version)) ?? upcastRoute(definitions, eventType, version),
  };
}

function upcastRoute(handlers: readonly HandlerDefinition[], type: string, version: number): HandlerRoute | undefined {
  const path = findVersionPath(
    handlers.map(({ contract }) => contract),
    type,
    version,
  );
  return path && { handler: handlers.find(({ contract }) => contract === path.wanted)!, path };
}

/**
 * Refuses a consumer that could not read an older version, and names the newer versions that wait for a newer worker.
 *
 * @throws PikaiaError `PIKAIA_UPCASTER_MISSING`
 */
function checkVersions({ name, types, handlers, routeOf }: ConsumerDefinition): void {
  for (const type of types) {
    const ofType = handlers.map(({ contract }) => contract).filter((contract) => contract.type === type);
    const newest = ofType.reduce((one, other) => (other.version > one.version ? other : one));
    for (let version = newest.oldestVersion ?? 1; version < newest.version; version++)
      if (!routeOf(type, version)) throw upcasterMissing(name, newest, version);
    const versions = knownContracts(type)
      .map(({ version }) => version)
      .filter((version) => version > newest.version);
    if (versions.length) logger.warning('consumer_versions_unhandled', { consumer: name, event_type: type, versions });
  }
}

function upcasterMissing(consumer: string, { type, version: newest }: Contract, version: number): PikaiaError {
  return new PikaiaError(
    'PIKAIA_UPCASTER_MISSING',
    `Consumer ${consumer} handles version ${newest} of ${type} and cannot read version ${version}, whose events may still be stored. Add @Upcast from version ${version} to version ${version + 1}, or a handler of version ${version}; an empty method ignores its events. If none are stored any more, set oldestVersion in @DomainEvent of version ${newest}.`,
  );
}

const key = (type: string, version: number): string => `${type} v${version}`;

const refuse = (name: string, why: string): PikaiaError =>
  new PikaiaError('PIKAIA_CONSUMER_INVALID', `Consumer ${name}: ${why}.`);
