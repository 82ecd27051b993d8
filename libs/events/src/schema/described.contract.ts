import { PikaiaError } from '@pikaia/core';
import type { ConsumerDescription } from '../consume/consumer.description.js';
import { declaredContracts, type Contract } from '../contract/domain-event.js';
import type { DeliveredEvent } from '../contract/envelope.js';
import { dataSchema } from './data.schema.js';
import { exampleOf } from './example.js';
import type { JsonSchema } from './json-schema.js';

/** A contract with everything that is generated from its class. */
export interface DescribedContract {
  readonly contract: Contract;
  readonly schema: JsonSchema;
  readonly example: DeliveredEvent;
  /** The names of the consumers that handle this version. */
  readonly consumers: readonly string[];
}

/**
 * Describes contracts in the order of their types and versions.
 *
 * @throws PikaiaError `PIKAIA_EVENT_SCHEMA_UNSUPPORTED` if contracts have no exact schema or no valid example. It names all of them.
 */
export function describeContracts(
  contracts: readonly Contract[],
  consumers: readonly ConsumerDescription[],
): DescribedContract[] {
  const described: DescribedContract[] = [];
  const problems: string[] = [];
  for (const contract of contracts.toSorted((a, b) => compareText(a.type, b.type) || a.version - b.version)) {
    const handlers = consumers.filter((consumer) => consumer.contracts.includes(contract)).map(({ name }) => name);
    try {
      const schema = dataSchema(contract);
      described.push({ contract, schema, example: exampleOf(contract, schema), consumers: handlers.toSorted() });
    } catch (error) {
      if (!(error instanceof PikaiaError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length) throw new PikaiaError('PIKAIA_EVENT_SCHEMA_UNSUPPORTED', problems.join('\n'));
  return described;
}

/**
 * Describes the contracts that this process declares, without their consumers, in the order of their types and versions.
 *
 * @throws PikaiaError `PIKAIA_EVENT_SCHEMA_UNSUPPORTED` as `describeContracts` does.
 */
export const describeDeclaredContracts = (): Omit<DescribedContract, 'consumers'>[] => describeContracts(declaredContracts(), []);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
