import type { DescribedContract } from './described.contract.js';
import { ENVELOPE_SCHEMA } from './envelope.schema.js';
import type { JsonSchema } from './json-schema.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * Returns an AsyncAPI 3 document: one channel for each event type, a message for each version, and an operation for each producer
 * and consumer. It contains its schemas, so it needs no other file.
 */
export function asyncApiDocument(described: readonly DescribedContract[], title: string): Json {
  const types = [...new Set(described.map(({ contract }) => contract.type))];
  const ofType = (type: string) => described.filter(({ contract }) => contract.type === type);
  return {
    asyncapi: '3.0.0',
    info: { title, version: '1.0.0', description: 'Generated from the event contracts. Each message has its own version.' },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(types.map((type) => [type, channel(type, ofType(type))])),
    operations: Object.fromEntries(types.flatMap((type) => operations(type, ofType(type)))),
    components: {
      messages: Object.fromEntries(described.map((each) => [nameOf(each), message(each)])),
      schemas: Object.fromEntries([['envelope', withoutIdentity(ENVELOPE_SCHEMA)], ...described.flatMap(schemas)]),
    },
  };
}

const nameOf = ({ contract }: DescribedContract): string => `${contract.type}.v${contract.version}`;
const keyOf = ({ contract }: DescribedContract): string => `v${contract.version}`;

const channel = (type: string, versions: readonly DescribedContract[]): Json => ({
  address: type,
  messages: Object.fromEntries(versions.map((each) => [keyOf(each), { $ref: `#/components/messages/${nameOf(each)}` }])),
});

function operations(type: string, versions: readonly DescribedContract[]): [string, Json][] {
  const operation = (action: 'send' | 'receive', included: readonly DescribedContract[]): Json => ({
    action,
    channel: { $ref: `#/channels/${type}` },
    messages: included.map((each) => ({ $ref: `#/channels/${type}/messages/${keyOf(each)}` })),
  });
  const producers = new Set(versions.flatMap(({ contract }) => contract.producer ?? []));
  const consumers = new Set(versions.flatMap((each) => each.consumers));
  return [
    ...[...producers].map((producer): [string, Json] => [
      `${producer}.sends.${type}`,
      operation(
        'send',
        versions.filter(({ contract }) => contract.producer === producer),
      ),
    ]),
    ...[...consumers].map((consumer): [string, Json] => [
      `${consumer}.receives.${type}`,
      operation(
        'receive',
        versions.filter((each) => each.consumers.includes(consumer)),
      ),
    ]),
  ];
}

function message(described: DescribedContract): Json {
  const { contract, schema, example } = described;
  return {
    name: contract.type,
    title: schema.title,
    ...(schema.description !== undefined && { description: schema.description }),
    contentType: 'application/json',
    correlationId: { location: '$message.payload#/correlation_id' },
    payload: {
      allOf: [{ $ref: '#/components/schemas/envelope' }],
      type: 'object',
      properties: {
        event_type: { const: contract.type },
        schema_version: { const: contract.version },
        aggregate_type: { const: contract.aggregate },
        data: { $ref: `#/components/schemas/${nameOf(described)}` },
      },
    },
    examples: [{ name: 'example', payload: example }],
  };
}

/** The schema of the data, and one schema for each class inside it. */
function schemas(described: DescribedContract): [string, Json][] {
  const prefix = nameOf(described);
  const { $defs = {}, ...data } = described.schema;
  return [
    [prefix, withReferences(withoutIdentity(data), prefix)],
    ...Object.entries($defs).map(([name, inner]): [string, Json] => [`${prefix}.${name}`, withReferences(inner, prefix)]),
  ];
}

const withoutIdentity = (schema: JsonSchema): JsonSchema => ({ ...schema, $schema: undefined, $id: undefined });

/** AsyncAPI reads schemas as draft-07, in which a reference has no sibling keywords. */
function withReferences(schema: JsonSchema, prefix: string): Json {
  const rewrite = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rewrite);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref, ...rest } = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rewrite(inner)]));
    if (typeof $ref !== 'string') return rest;
    return { ...rest, allOf: [{ $ref: `#/components/schemas/${prefix}.${$ref.slice('#/$defs/'.length)}` }] };
  };
  return rewrite(schema) as Json;
}
