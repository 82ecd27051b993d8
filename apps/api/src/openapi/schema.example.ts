import type { Schema } from './request.schema.js';

/**
 * Returns an example of a schema from the examples of its fields.
 *
 * @throws Error for a text, a number or an object without an example.
 */
export function exampleOf(schema: Schema, path = ''): unknown {
  const { examples, enum: values, const: value, anyOf, type, properties = {}, items } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (Array.isArray(values)) return values[0];
  if (value !== undefined) return value;
  if (Array.isArray(anyOf)) return exampleOf(anyOf[0] as Schema, path);
  if (type === 'array') return [exampleOf(items as Schema, `${path}[]`)];
  if (type === 'null') return null;
  if (type === 'object' && Object.keys(properties as object).length)
    return Object.fromEntries(
      Object.entries(properties as Readonly<Record<string, Schema>>).map(([name, field]) => [
        name,
        exampleOf(field, `${path}.${name}`),
      ]),
    );
  throw new Error(`The schema of ${path || 'the body'} has no example.`);
}
