export const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

/** The part of JSON Schema (draft 2020-12) that contract files use. */
export interface JsonSchema {
  readonly $schema?: string | undefined;
  readonly $id?: string | undefined;
  readonly title?: string;
  readonly description?: string;
  readonly $comment?: string;
  readonly $ref?: string;
  readonly type?: JsonType;
  readonly const?: JsonPrimitive;
  readonly enum?: readonly JsonPrimitive[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: JsonSchema;
  readonly minProperties?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly not?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';
export type JsonPrimitive = string | number | boolean | null;

/** Returns the schema that a `$ref` of a contract file names, or the schema itself. */
export function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.slice('#/$defs/'.length);
  return (name !== undefined && root.$defs?.[name]) || schema;
}

/** Returns the schema without its null alternative, and whether null is accepted. */
export function withoutNull(schema: JsonSchema): { schema: JsonSchema; isNullable: boolean } {
  const [value, empty, ...more] = schema.anyOf ?? [];
  if (!value || empty?.type !== 'null' || more.length) return { schema, isNullable: false };
  const { anyOf: _, ...annotations } = schema;
  return { schema: { ...annotations, ...value }, isNullable: true };
}
