import { PikaiaError } from '@pikaia/core';

/**
 * A contract class. Each event type and version has one. The class-validator decorators on its fields are the only definition
 * of the event's data.
 */
export type ContractClass<Data extends object = object> = new () => Data;

export interface Contract<Data extends object = object> {
  readonly type: string;
  readonly version: number;
  /** The type of the aggregate, for example `member`. Events of one aggregate keep their order. */
  readonly aggregate: string;
  /** EventBridge's `Source`, for example `pikaia.member`. */
  readonly source: string;
  readonly data: ContractClass<Data>;
}

export interface DomainEventOptions {
  /** A whole number from 1. Increase it for a change that old or new consumers cannot read. */
  readonly version: number;
  readonly aggregate: string;
  /** Default `pikaia.<aggregate>`. */
  readonly source?: string;
}

const NAME = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;
const byClass = new WeakMap<object, Contract>();
const byName = new Map<string, Contract>();
const byType = new Map<string, Contract>();
const key = (type: string, version: number): string => `${type} v${version}`;

/**
 * Declares a class as the contract of an event type and version.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` if the type is not `aggregate.past_verb`, the version is below 1, or
 * another class already declares the same type and version.
 */
export function DomainEvent(type: string, { version, aggregate, source = `pikaia.${aggregate}` }: DomainEventOptions) {
  return (data: ContractClass): void => {
    const refuse = (why: string) =>
      new PikaiaError('PIKAIA_EVENT_CONTRACT_INVALID', `@DomainEvent('${type}') on ${data.name}: ${why}.`);
    if (!NAME.test(type)) throw refuse('the type must be aggregate.past_verb in lower case, for example member.invited');
    if (!Number.isInteger(version) || version < 1) throw refuse('the version must be a whole number from 1');
    if (byName.has(key(type, version)))
      throw refuse(`${byName.get(key(type, version))!.data.name} already declares version ${version}`);
    const contract = Object.freeze({ type, version, aggregate, source, data });
    byName.set(key(type, version), contract);
    byType.set(type, contract);
    byClass.set(data, contract);
  };
}

/**
 * Returns the contract that a class declares.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` for a class without `@DomainEvent`.
 */
export function contractOf<Data extends object>(data: ContractClass<Data>): Contract<Data> {
  const contract = byClass.get(data);
  if (!contract) {
    throw new PikaiaError(
      'PIKAIA_EVENT_CONTRACT_INVALID',
      `${data.name} is not an event contract: add @DomainEvent('aggregate.past_verb', { … }).`,
    );
  }
  return contract as Contract<Data>;
}

/**
 * Returns EventBridge's `Source` of an event: that of its contract, or else that of another version of the same type. A process
 * without a contract of the type uses the default. The worker must therefore import each contract that declares its own source.
 */
export function sourceOf(event: { eventType: string; schemaVersion: number; aggregateType: string }): string {
  const named = findContract(event.eventType, event.schemaVersion) ?? byType.get(event.eventType);
  return named?.source ?? `pikaia.${event.aggregateType}`;
}

/** Returns the contract of a type and version, or undefined if this process does not know it. */
export const findContract = (type: string, version: number): Contract | undefined => byName.get(key(type, version));
