import { PikaiaError } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { types } from 'node:util';
import { contractOf, type Contract, type ContractClass } from '../contract/domain-event.js';
import { findVersionPath, type Upcaster, type VersionPath } from '../contract/upcast.decorator.js';
import { readEvent, type ReceivedEnvelope } from './event.reader.js';

/** An event whose `data` is an instance of the contract class `Data`. `schema_version` is the version of that class. */
export interface ParsedEvent<Data extends object> extends ReceivedEnvelope {
  readonly data: Data;
  /** The version of the event as it is stored, if upcasters converted its data. */
  readonly upcast_from?: number;
}

/** The union of the events of several contracts. Narrow it with `event.data instanceof MemberInvited`. */
export type EventOfAny<Classes extends readonly ContractClass[]> = {
  [K in keyof Classes]: Classes[K] extends ContractClass<infer Data> ? ParsedEvent<Data> : never;
}[number];

/**
 * Parses an event and validates it against its contract. Accepts an envelope, an EventBridge event, a CloudEvent 1.0, or an SQS
 * record whose body is one of these. Each can be an object or JSON text. Works in a long-running process and in a Lambda.
 * An event of an older version is converted by its upcasters (`@Upcast`).
 *
 * Keeps fields that the class does not declare, because a newer publisher may have added them. Does not authenticate the sender.
 *
 * @param contracts one contract class, or a list. From a list, the event's type and version select the class.
 * @throws PikaiaError
 * - `PIKAIA_EVENT_UNREADABLE`: the source is not an event or violates its contract. The message names the fields, never a value.
 * - `PIKAIA_EVENT_VERSION_UNKNOWN`: the event has the type of a contract but another version, and no upcaster leads to the contract.
 * - `PIKAIA_EVENT_UPCAST_FAILED`: an upcaster throws, or its result violates the contract of the next version.
 * - `PIKAIA_EVENT_UNEXPECTED`: the event has another type.
 * - `PIKAIA_EVENT_CONTRACT_INVALID`: a class has no `@DomainEvent`.
 */
export async function parseEvent<Data extends object>(
  contracts: ContractClass<Data>,
  source: unknown,
): Promise<ParsedEvent<Data>>;
export async function parseEvent<const Classes extends readonly [ContractClass, ...ContractClass[]]>(
  contracts: Classes,
  source: unknown,
): Promise<EventOfAny<Classes>>;
export async function parseEvent(
  contracts: ContractClass | readonly ContractClass[],
  source: unknown,
): Promise<ParsedEvent<object>> {
  const wanted = [contracts].flat().map((contract) => contractOf(contract));
  const event = readEvent(source);
  return parseData(choosePath(wanted, event), event);
}

function choosePath(wanted: readonly Contract[], { event_type: type, schema_version: version }: ReceivedEnvelope): VersionPath {
  const path = findVersionPath(wanted, type, version);
  if (path) return path;
  const names = wanted.map((contract) => `${contract.type} version ${contract.version}`).join(', ');
  if (wanted.some((contract) => contract.type === type))
    throw new PikaiaError('PIKAIA_EVENT_VERSION_UNKNOWN', `This is version ${version} of ${type}; this code reads ${names}.`);
  throw new PikaiaError('PIKAIA_EVENT_UNEXPECTED', `The type of this event is unexpected; this code reads ${names}.`);
}

/**
 * Converts the data of an event to an instance of the wanted contract's class.
 *
 * @throws PikaiaError `PIKAIA_EVENT_UNREADABLE`, `PIKAIA_EVENT_UPCAST_FAILED`. The message names the invalid fields, never a value.
 */
export async function parseData(path: VersionPath, event: ReceivedEnvelope): Promise<ParsedEvent<object>> {
  const data = await readData(path, event.data);
  if (!path.steps.length) return { ...event, data };
  return { ...event, data, schema_version: path.wanted.version, upcast_from: path.stored.version };
}

/**
 * Validates data against the contract of its stored version and upcasts it. Each upcaster's result is validated too.
 *
 * @throws PikaiaError as `parseData`.
 */
export async function readData({ stored, steps }: VersionPath, source: object): Promise<object> {
  let data = plainToInstance(stored.data, source);
  const errors = await validate(data, { forbidUnknownValues: true });
  if (errors.length)
    throw new PikaiaError(
      'PIKAIA_EVENT_UNREADABLE',
      `This ${stored.type} version ${stored.version} violates its contract in these fields: ${fieldsOf(errors)}.`,
    );
  for (const step of steps) data = await takeStep(step, data, stored);
  return data;
}

async function takeStep({ name, run, to }: Upcaster, data: object, { type, version }: Contract): Promise<object> {
  const refuse = (why: string, cause?: unknown): PikaiaError =>
    new PikaiaError('PIKAIA_EVENT_UPCAST_FAILED', `This ${type} version ${version} cannot be upcast: ${name} ${why}.`, { cause });
  let result: unknown;
  try {
    result = run(data);
  } catch (cause) {
    throw refuse('throws', cause);
  }
  if (typeof result !== 'object' || result === null || Array.isArray(result) || types.isPromise(result))
    throw refuse('does not return an object');
  const next = plainToInstance(to, result);
  const errors = await validate(next, { forbidUnknownValues: true });
  if (errors.length) throw refuse(`violates ${to.name} in these fields: ${fieldsOf(errors)}`);
  return next;
}

const fieldsOf = (errors: readonly ValidationError[]): string => errors.map(({ property }) => property).join(', ');
