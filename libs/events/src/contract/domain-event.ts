import { PikaiaError } from '@pikaia/core';

/** A contract class: one for each type and version; class-validator's decorators on its fields are the only truth. */
export type ContractClass<Data extends object = object> = new () => Data;

export interface Contract<Data extends object = object> {
  readonly type: string;
  readonly version: number;
  /** What the event is about, `member`; events of one aggregate keep their order. */
  readonly aggregate: string;
  /** EventBridge's Source, `pikaia.member`. */
  readonly source: string;
  readonly data: ContractClass<Data>;
}

export interface DomainEventOptions {
  /** A whole number from 1. A change that old or new consumers could not read is a new version. */
  readonly version: number;
  readonly aggregate: string;
  /** Default `pikaia.<aggregate>`. */
  readonly source?: string;
}

const NAME = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;
const byClass = new WeakMap<object, Contract>();
const byName = new Map<string, Contract>();
const anyOfType = new Map<string, Contract>();
const key = (type: string, version: number): string => `${type} v${version}`;

/**
 * Declares a class as the contract of an event type and version.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` for a name that is not `aggregate.past_verb`, a version below 1, or
 * a type and version that another class has.
 */
export function DomainEvent(type: string, { version, aggregate, source = `pikaia.${aggregate}` }: DomainEventOptions) {
  return (data: ContractClass): void => {
    const refuse = (why: string) =>
      new PikaiaError('PIKAIA_EVENT_CONTRACT_INVALID', `@DomainEvent('${type}') on ${data.name}: ${why}.`);
    if (!NAME.test(type)) throw refuse('the type must be written aggregate.past_verb in lower case, as member.invited');
    if (!Number.isInteger(version) || version < 1) throw refuse('the version must be a whole number from 1');
    if (byName.has(key(type, version)))
      throw refuse(`version ${version} is declared by ${byName.get(key(type, version))!.data.name} already`);
    const contract = Object.freeze({ type, version, aggregate, source, data });
    byName.set(key(type, version), contract);
    anyOfType.set(type, contract);
    byClass.set(data, contract);
  };
}

/** @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` for a class without `@DomainEvent`. */
export function contractOf<Data extends object>(data: ContractClass<Data>): Contract<Data> {
  const contract = byClass.get(data);
  if (!contract) {
    throw new PikaiaError(
      'PIKAIA_EVENT_CONTRACT_INVALID',
      `${data.name} is no event contract: add @DomainEvent('aggregate.past_verb', { … }).`,
    );
  }
  return contract as Contract<Data>;
}

/**
 * EventBridge's Source of an event, as its contract names it, or that of another version of its type. A process that
 * knows no contract of the type takes the default, so the worker imports the contracts that name their own.
 */
export function sourceOf(event: { eventType: string; schemaVersion: number; aggregateType: string }): string {
  const named = findContract(event.eventType, event.schemaVersion) ?? anyOfType.get(event.eventType);
  return named?.source ?? `pikaia.${event.aggregateType}`;
}

/** The contract of a type and version, or undefined where this process does not know it. */
export const findContract = (type: string, version: number): Contract | undefined => byName.get(key(type, version));
