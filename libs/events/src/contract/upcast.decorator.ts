import { PikaiaError } from '@pikaia/core';
import { types } from 'node:util';
import { contractOf, findContract, type Contract, type ContractClass } from './domain-event.js';

/** Turns the validated data of one version into the data of the next version. */
export type UpcastFunction<From extends object, To extends object> = (data: From) => To;

/** One step of a chain. */
export interface Upcaster {
  readonly from: ContractClass;
  readonly to: ContractClass;
  /** The class and the method, for messages. */
  readonly name: string;
  readonly run: UpcastFunction<object, object>;
}

/** How a process reads the events of a stored version: the steps lead from that version to the version that the code asked for. */
export interface VersionPath {
  readonly stored: Contract;
  readonly steps: readonly Upcaster[];
  readonly wanted: Contract;
}

const upcasters = new Map<ContractClass, Upcaster>();

/**
 * Declares a static method that turns the data of a version into the data of the next version. A handler of the newer version
 * then also receives the events of the older one. Write the method in the class of the newer version: the code that reads the
 * newer version then always has it.
 *
 * The method must be pure and synchronous, because it runs each time an event is read. It receives an instance of `from` that was
 * validated and that it may change. Its result is validated against `to`. The stored event does not change.
 *
 * @throws PikaiaError `PIKAIA_UPCASTER_INVALID` if the method is not static or is asynchronous, or if `from` has another upcaster. The
 * versions are checked when an application starts.
 */
export function Upcast<From extends object, To extends object>(from: ContractClass<From>, to: ContractClass<To>) {
  return <Method extends UpcastFunction<From, To>>(
    holder: Function,
    method: string,
    { value }: TypedPropertyDescriptor<Method>,
  ): void => {
    const name = `${holder.name}.${method}`;
    if (typeof holder !== 'function' || !value) throw invalid(`${method} of ${nameOf(holder)}`, 'make it a static method');
    if (types.isAsyncFunction(value) || types.isGeneratorFunction(value))
      throw invalid(name, 'return the data at once: it must be neither asynchronous nor a generator');
    const other = upcasters.get(from);
    if (other) throw invalid(name, `${other.name} already upcasts ${from.name}: remove one of them`);
    const run = (data: object): object => Reflect.apply(value, holder, [data as From]) as To;
    upcasters.set(from, { from, to, name, run });
  };
}

/** Returns the upcaster from a version to the next one. */
export const upcasterOf = ({ data }: Contract): Upcaster | undefined => upcasters.get(data);

/**
 * Checks that each upcaster leads from one version of a type to the next version. A chain then has no cycle.
 *
 * @param typesToCheck the event types whose upcasters are checked. Default: all.
 * @throws PikaiaError `PIKAIA_UPCASTER_INVALID`
 */
export function checkUpcasters(typesToCheck?: ReadonlySet<string>): void {
  for (const { from, to, name } of upcasters.values()) {
    const [older, newer] = [contractOf(from), contractOf(to)];
    if (typesToCheck && !typesToCheck.has(older.type) && !typesToCheck.has(newer.type)) continue;
    if (older.type !== newer.type)
      throw invalid(name, `it leads from ${older.type} to ${newer.type}, but an event keeps its type: upcast to another version`);
    if (newer.version !== older.version + 1)
      throw invalid(
        name,
        `it leads from version ${older.version} to version ${newer.version} of ${older.type}: upcast to version ${older.version + 1}, one version at a time`,
      );
  }
}

/**
 * Returns how to read the events of a stored version with the code for one of the wanted contracts: that version itself, or else
 * the next higher one that upcasters reach. Undefined if there is none. A newer version is never converted to an older one.
 */
export function findVersionPath(wanted: readonly Contract[], type: string, version: number): VersionPath | undefined {
  const find = (at: number): Contract | undefined => wanted.find((one) => one.type === type && one.version === at);
  const exact = find(version);
  if (exact) return { stored: exact, steps: [], wanted: exact };
  const stored = findContract(type, version);
  const steps: Upcaster[] = [];
  for (let at = stored; at && stored;) {
    const step = upcasterOf(at);
    const next = step && contractOf(step.to);
    if (next?.type !== type || next.version !== at.version + 1) return undefined;
    steps.push(step!);
    const found = find(next.version);
    if (found) return { stored, steps, wanted: found };
    at = next;
  }
  return undefined;
}

const nameOf = (holder: object): string => holder.constructor.name;

const invalid = (name: string, why: string): PikaiaError =>
  new PikaiaError('PIKAIA_UPCASTER_INVALID', `@Upcast on ${name}: ${why}.`);
