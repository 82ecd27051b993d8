import { PikaiaError, setEventType } from '@pikaia/core';
import { describeInnerClasses } from './data-class.js';

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
  /** The service that publishes the event. Undefined if none is declared, as for a version that is no longer published. */
  readonly producer?: string;
  /** Example data for the contract file. Undefined if it is generated. */
  readonly example?: object;
  /** The oldest version of the type that can still be stored. Absent: 1. */
  readonly oldestVersion?: number;
  readonly data: ContractClass<Data>;
}

export interface DomainEventOptions {
  /** A whole number from 1. Increase it for a change that old or new consumers cannot read. */
  readonly version: number;
  /** A name without blanks, such as `member`. */
  readonly aggregate: string;
  /** EventBridge's `Source`: at most 256 characters of `A-Z a-z 0-9 . - _ /`, not beginning with `aws.`. Default `pikaia.<aggregate>`. */
  readonly source?: string;
  /** The service that publishes the event, such as `api`. Documents name it. Omit it for a version that is no longer published. */
  readonly producer?: string;
  /** Example data for the contract file, which people read. By default it is generated from the rules of the class. */
  readonly example?: object;
  /**
   * The oldest version of the type that can still be stored. A consumer must be able to read every version from this one on.
   * Default 1. Raise it when no log, queue or archive has events of an earlier version any more.
   */
  readonly oldestVersion?: number;
}

const NAME = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;
const AGGREGATE = /^[^\s\p{C}]+$/u;
const SOURCE = /^[A-Za-z0-9._/-]+$/;
const MAX_TYPE_CHARACTERS = 128; // EventBridge's limit for a DetailType
const MAX_SOURCE_CHARACTERS = 256; // EventBridge's limit for a Source
const MAX_AGGREGATE_CHARACTERS = 200;
const MAX_VERSION = 2 ** 31 - 1; // the column of the log is an int
const byClass = new WeakMap<object, Contract>();
const byName = new Map<string, Contract>();
const byType = new Map<string, Contract>();
const key = (type: string, version: number): string => `${type} v${version}`;

/**
 * Declares a class as the contract of an event type and version.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` if the type is not `aggregate.past_verb` of at most 128 characters, the
 * version is below 1 or below `oldestVersion`, EventBridge does not accept the source, another class already declares the same type
 * and version, a decorator makes the validated value differ from the stored value (`Transform`, `Exclude`, `Expose` with options), or
 * the constructor of the class needs arguments.
 */
export function DomainEvent(type: string, options: DomainEventOptions) {
  const { version, aggregate, source = `pikaia.${aggregate}`, producer, example, oldestVersion } = options;
  const declared = { type, version, aggregate, source, producer, example, ...(oldestVersion !== undefined && { oldestVersion }) };
  return (data: ContractClass): void => {
    const refuse = (why: string) =>
      new PikaiaError('PIKAIA_EVENT_CONTRACT_INVALID', `@DomainEvent('${type}') on ${data.name}: ${why}.`);
    const problem = declarationProblem(declared);
    if (problem !== undefined) throw refuse(problem);
    if (byName.has(key(type, version)))
      throw refuse(`${byName.get(key(type, version))!.data.name} already declares version ${version}`);
    describeInnerClasses(data);
    const contract = Object.freeze({ ...declared, data });
    byName.set(key(type, version), contract);
    byType.set(type, contract);
    byClass.set(data, contract);
    setEventType(data, type);
  };
}

/** Returns why EventBridge, the log or a consumer would refuse the events of a declaration, or undefined. */
function declarationProblem({ type, version, aggregate, source, oldestVersion = 1 }: Omit<Contract, 'data'>): string | undefined {
  if (typeof type !== 'string' || !NAME.test(type))
    return 'the type must be aggregate.past_verb in lower case, for example member.invited';
  if (type.length > MAX_TYPE_CHARACTERS)
    return `the type has ${type.length} characters, and EventBridge accepts ${MAX_TYPE_CHARACTERS}: shorten it`;
  if (!Number.isInteger(version) || version < 1 || version > MAX_VERSION) return 'the version must be a whole number from 1';
  if (!Number.isInteger(oldestVersion) || oldestVersion < 1 || oldestVersion > version)
    return `oldestVersion must be a whole number from 1 to ${version}`;
  if (typeof aggregate !== 'string' || !AGGREGATE.test(aggregate) || aggregate.length > MAX_AGGREGATE_CHARACTERS)
    return `the aggregate must be a name without blanks of at most ${MAX_AGGREGATE_CHARACTERS} characters, for example member`;
  if (typeof source !== 'string' || !SOURCE.test(source) || source.length > MAX_SOURCE_CHARACTERS)
    return `the source must have 1 to ${MAX_SOURCE_CHARACTERS} characters of A-Z a-z 0-9 . - _ /, for example pikaia.member: set it in the options if the name of the aggregate has other characters`;
  if (source.startsWith('aws.')) return 'the source must not begin with aws., which AWS reserves: choose your own prefix';
  return undefined;
}

/** Returns the contracts that this process declares, in no order. */
export const declaredContracts = (): Contract[] => [...byName.values()];

/**
 * Checks the declarations that a module loaded later completes: the classes inside the contracts. Called when an application
 * starts.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID`
 */
export function checkContracts(contracts: Iterable<Contract> = byName.values()): void {
  for (const { data } of contracts) describeInnerClasses(data);
}

/**
 * Returns the contract that a class declares.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` for a class without `@DomainEvent`.
 */
export function contractOf<Data extends object>(data: ContractClass<Data>): Contract<Data> {
  const contract = findContractOf(data);
  if (!contract) {
    throw new PikaiaError(
      'PIKAIA_EVENT_CONTRACT_INVALID',
      `${data.name} is not an event contract: add @DomainEvent('aggregate.past_verb', { … }).`,
    );
  }
  return contract as Contract<Data>;
}

/** Returns the contract that a class declares, or undefined for a class without `@DomainEvent`. */
export const findContractOf = (data: Function): Contract | undefined => byClass.get(data);

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

/** Returns the contracts that this process knows, of one type or of all types, in ascending order of type and version. */
export function knownContracts(type?: string): Contract[] {
  const found = [...byName.values()].filter((contract) => type === undefined || contract.type === type);
  return found.sort((one, other) => (one.type === other.type ? one.version - other.version : one.type < other.type ? -1 : 1));
}
