import { PikaiaError } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { contractOf, type Contract, type ContractClass } from '../contract/domain-event.js';
import { readEvent, type ReadEvent } from './event.reader.js';

/** An event of the contract `Data`: its `data` is an instance of that class. */
export interface ParsedEvent<Data extends object> extends ReadEvent {
  readonly data: Data;
}

/** The union of the events of several contracts; `event.data instanceof MemberInvited` tells which it is. */
export type EventOfAny<Classes extends readonly ContractClass[]> = {
  [K in keyof Classes]: Classes[K] extends ContractClass<infer Data> ? ParsedEvent<Data> : never;
}[number];

/**
 * An event as its contract has it, from whatever form it arrived in: an envelope, an EventBridge event, an SQS record whose
 * body is one of those, or a CloudEvent 1.0; objects and JSON text alike, in a process and in a Lambda.
 *
 * Fields that the class does not know pass: a newer publisher may have added them. Whether the sender is to be trusted is
 * not asked here.
 *
 * @param contracts one contract class, or several; of several, the one of the event's type and version is taken.
 * @throws PikaiaError `PIKAIA_EVENT_UNREADABLE` for what is no event, or breaks its contract's rules: it names the fields, never
 * their values; `PIKAIA_EVENT_VERSION_UNKNOWN` for another version of a contract's type; `PIKAIA_EVENT_UNEXPECTED` for another
 * type; `PIKAIA_EVENT_CONTRACT_INVALID` for a class without `@DomainEvent`.
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
  return withData(choose(wanted, event), event);
}

function choose(wanted: readonly Contract[], { event_type: type, schema_version: version }: ReadEvent): Contract {
  const ofType = wanted.filter((contract) => contract.type === type);
  const found = ofType.find((contract) => contract.version === version);
  if (found) return found;
  const names = wanted.map((contract) => `${contract.type} version ${contract.version}`).join(', ');
  if (ofType.length)
    throw new PikaiaError('PIKAIA_EVENT_VERSION_UNKNOWN', `This is version ${version} of ${type}; this code reads ${names}.`);
  throw new PikaiaError('PIKAIA_EVENT_UNEXPECTED', `This event is of another type than ${names}.`);
}

/**
 * The event with its data as an instance of the contract's class.
 *
 * @throws PikaiaError `PIKAIA_EVENT_UNREADABLE` naming the fields that break the class's rules.
 */
export async function withData(contract: Contract, event: ReadEvent): Promise<ParsedEvent<object>> {
  const data = plainToInstance(contract.data, event.data);
  const errors = await validate(data, { forbidUnknownValues: true });
  if (errors.length) {
    throw new PikaiaError(
      'PIKAIA_EVENT_UNREADABLE',
      `This ${contract.type} version ${contract.version} cannot be handled: these fields break its rules: ${errors.map(({ property }) => property).join(', ')}.`,
    );
  }
  return { ...event, data };
}
