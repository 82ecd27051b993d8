import { PikaiaError } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { contractOf, type Contract, type ContractClass } from '../contract/domain-event.js';
import { readEvent, type ReceivedEnvelope } from './event.reader.js';

/** An event whose `data` is an instance of the contract class `Data`. */
export interface ParsedEvent<Data extends object> extends ReceivedEnvelope {
  readonly data: Data;
}

/** The union of the events of several contracts. Narrow it with `event.data instanceof MemberInvited`. */
export type EventOfAny<Classes extends readonly ContractClass[]> = {
  [K in keyof Classes]: Classes[K] extends ContractClass<infer Data> ? ParsedEvent<Data> : never;
}[number];

/**
 * Parses an event and validates it against its contract. Accepts an envelope, an EventBridge event, a CloudEvent 1.0, or an SQS
 * record whose body is one of these. Each can be an object or JSON text. Works in a long-running process and in a Lambda.
 *
 * Keeps fields that the class does not declare, because a newer publisher may have added them. Does not authenticate the sender.
 *
 * @param contracts one contract class, or a list. From a list, the event's type and version select the class.
 * @throws PikaiaError
 * - `PIKAIA_EVENT_UNREADABLE`: the source is not an event or violates its contract. The message names the fields, never a value.
 * - `PIKAIA_EVENT_VERSION_UNKNOWN`: the event has the type of a contract but another version.
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
  return parseData(chooseContract(wanted, event), event);
}

function chooseContract(wanted: readonly Contract[], { event_type: type, schema_version: version }: ReceivedEnvelope): Contract {
  const ofType = wanted.filter((contract) => contract.type === type);
  const found = ofType.find((contract) => contract.version === version);
  if (found) return found;
  const names = wanted.map((contract) => `${contract.type} version ${contract.version}`).join(', ');
  if (ofType.length)
    throw new PikaiaError('PIKAIA_EVENT_VERSION_UNKNOWN', `This is version ${version} of ${type}; this code reads ${names}.`);
  throw new PikaiaError('PIKAIA_EVENT_UNEXPECTED', `The type of this event is unexpected; this code reads ${names}.`);
}

/**
 * Converts the data of an event to an instance of the contract class and validates it.
 *
 * @throws PikaiaError `PIKAIA_EVENT_UNREADABLE`. The message names the invalid fields.
 */
export async function parseData(contract: Contract, event: ReceivedEnvelope): Promise<ParsedEvent<object>> {
  const data = plainToInstance(contract.data, event.data);
  const errors = await validate(data, { forbidUnknownValues: true });
  if (errors.length) {
    throw new PikaiaError(
      'PIKAIA_EVENT_UNREADABLE',
      `This ${contract.type} version ${contract.version} violates its contract in these fields: ${errors.map(({ property }) => property).join(', ')}.`,
    );
  }
  return { ...event, data };
}
