import { PikaiaError } from '@pikaia/core';
import { hash } from 'node:crypto';
import type { DeliveredEvent } from '../contract/envelope.js';
import type { Contract } from '../contract/domain-event.js';
import { checkData } from '../record/event-data.js';
import { resolve, withoutNull, type JsonSchema } from './json-schema.js';
import { DATE_PATTERN, EMAIL_PATTERN, limitsOf, TIMESTAMP_PATTERN, uuidPattern } from './text.patterns.js';

const TIME = '2026-01-31T08:30:00.000Z';
const TEXTS = new Map([
  [EMAIL_PATTERN, 'bob@example.com'],
  [TIMESTAMP_PATTERN, TIME],
  [DATE_PATTERN, TIME],
]);

/**
 * Returns an example of a delivered event. It is the same on every run. Its data is the example of the contract, or is generated
 * from the schema.
 *
 * @throws PikaiaError `PIKAIA_EVENT_SCHEMA_UNSUPPORTED` if the data violates the contract or cannot be generated.
 */
export function exampleOf(contract: Contract, schema: JsonSchema): DeliveredEvent {
  const { type, version, aggregate } = contract;
  const id = (name: string) => exampleId(`${type} v${version} ${name}`);
  return {
    event_id: id('event'),
    event_type: type,
    schema_version: version,
    occurred_at: TIME,
    aggregate_type: aggregate,
    aggregate_id: id('aggregate'),
    organization_id: exampleId('organization'),
    correlation_id: id('correlation'),
    actor: { type: 'user', id: exampleId('user'), email: 'alice@example.com' },
    data: exampleData(contract, schema, id),
    sequence: '1042',
  };
}

function exampleData(contract: Contract, schema: JsonSchema, id: (name: string) => string): unknown {
  const data = contract.example ?? new ExampleWriter(schema, id).write(schema, 'data');
  try {
    return JSON.parse(JSON.stringify(checkData(contract, data))) as unknown;
  } catch (cause) {
    const which = contract.example ? 'The example' : 'An example cannot be generated: the result';
    throw new PikaiaError(
      'PIKAIA_EVENT_SCHEMA_UNSUPPORTED',
      `${which} of ${contract.type} version ${contract.version} violates its contract. Give a valid one: @DomainEvent('${contract.type}', { …, example: { … } }). ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** A UUIDv7 of January 2026, which depends only on the name. */
function exampleId(name: string): string {
  const hex = hash('sha256', name);
  return `019c12f4-${hex.slice(0, 4)}-7${hex.slice(4, 7)}-8${hex.slice(7, 10)}-${hex.slice(10, 22)}`;
}

class ExampleWriter {
  private readonly open = new Set<string>();

  constructor(
    private readonly root: JsonSchema,
    private readonly id: (name: string) => string,
  ) {}

  write(given: JsonSchema, name: string): unknown {
    const { schema } = withoutNull(given);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return schema.enum[0];
    switch (schema.type) {
      case 'string':
        return this.text(schema, name);
      case 'integer':
      case 'number':
        return Math.min(Math.max(42, schema.minimum ?? -Infinity, (schema.exclusiveMinimum ?? -Infinity) + 1), highest(schema));
      case 'boolean':
        return true;
      case 'array':
        return this.list(schema, name);
      case 'object':
        return this.object(schema);
      default:
        return name;
    }
  }

  private text({ pattern, minLength = 0 }: JsonSchema, name: string): string {
    if (pattern === undefined) return 'example'.padEnd(minLength, '.');
    const known = TEXTS.get(pattern);
    if (known !== undefined) return known;
    if (pattern === uuidPattern([undefined]) || pattern === uuidPattern(['7'])) return this.id(name);
    const limits = limitsOf(pattern);
    return limits ? 'example'.padEnd(limits.min, '.').slice(0, limits.max) : '';
  }

  private list({ items, minItems = 1 }: JsonSchema, name: string): unknown[] {
    if (items?.$ref && this.open.has(items.$ref)) return [];
    return Array.from({ length: minItems }, () => (items ? this.write(items, name) : 'example'));
  }

  /** Omits an optional field that would contain its own class again. */
  private object(given: JsonSchema): object {
    const { properties = {}, required = [], minProperties } = resolve(given, this.root);
    if (given.$ref) this.open.add(given.$ref);
    const fields = Object.entries(properties).filter(([name, field]) => {
      const ref = withoutNull(field).schema.$ref;
      return required.includes(name) || ref === undefined || !this.open.has(ref);
    });
    const written = Object.fromEntries(fields.map(([name, field]) => [name, this.write(field, name)]));
    if (given.$ref) this.open.delete(given.$ref);
    return minProperties ? { example: 'example', ...written } : written;
  }
}

const highest = ({ maximum = Infinity, exclusiveMaximum = Infinity }: JsonSchema): number =>
  Math.min(maximum, exclusiveMaximum - 1);
