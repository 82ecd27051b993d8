import type { ConsumerDescription } from '../consume/consumer.description.js';
import type { Contract } from '../contract/domain-event.js';
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
 * @throws PikaiaError `PIKAIA_EVENT_SCHEMA_UNSUPPORTED` for the first contract that has no exact schema or no valid example.
 */
export function describeContracts(
  contracts: readonly Contract[],
  consumers: readonly ConsumerDescription[],
): DescribedContract[] {
  const sorted = contracts.toSorted((a, b) => compareText(a.type, b.type) || a.version - b.version);
  return sorted.map((contract) => {
    const schema = dataSchema(contract);
    const handles = consumers.filter((consumer) => consumer.contracts.includes(contract));
    return { contract, schema, example: exampleOf(contract, schema), consumers: handles.map(({ name }) => name).toSorted() };
  });
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
