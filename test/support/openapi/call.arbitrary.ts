import fc from 'fast-check';
import type { ApiDocument, Endpoint, Json } from './document.js';
import { SchemaValidator } from './schema.validator.js';

/** A request without its caller. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** The texts that calls contain where a schema accepts one. */
export interface TextPool {
  readonly texts: readonly string[];
  /** For parameters of the path. By default `texts`. */
  readonly pathTexts?: readonly string[];
}

const TEXTS = [
  '2026-01-31T08:30:00.000Z',
  'https://example.com/path',
  '192.0.2.1',
  'member.invited',
  'example',
  '0123456789abcdef',
];

/** Makes calls of the endpoints of a document. Texts of the calls come from a pool, if their schema accepts one. */
export class CallArbitrary {
  private readonly validator: SchemaValidator;

  constructor(private readonly document: ApiDocument) {
    this.validator = new SchemaValidator(document);
  }

  /** @throws Error if there is no way to make an argument of the endpoint. */
  of({ method, path, operation }: Endpoint, { texts, pathTexts = texts }: TextPool): fc.Arbitrary<Call> {
    const { parameters = [], requestBody } = operation;
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    const inQuery = parameters.filter((parameter) => parameter.in === 'query');
    const valueOf = (name: string, schema: Json, pool = texts) => this.valueOf(schema, pool, `${name} of ${method} ${path}`);
    const record = (list: typeof inPath, pool: readonly string[]) =>
      fc.record(Object.fromEntries(list.map(({ name, schema }) => [name, valueOf(name, schema, pool)])), {
        requiredKeys: list.filter(({ required }) => required).map(({ name }) => name),
      });
    const body = requestBody ? valueOf('the body', Object.values(requestBody.content)[0]!.schema!) : fc.constant(undefined);
    return fc.tuple(record(inPath, pathTexts), record(inQuery, texts), body).map(([values, query, sent]) => {
      const search = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
      ).toString();
      const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
      return {
        method: method.toUpperCase(),
        path: `${target}${search && `?${search}`}`,
        ...(sent !== undefined && { body: sent }),
      };
    });
  }

  private valueOf(schema: Json, pool: readonly string[], where: string): fc.Arbitrary<unknown> {
    const { $ref, enum: values, anyOf, type, properties, required, items, minimum, maximum, maxItems } = schema;
    if (typeof $ref === 'string')
      return this.valueOf(this.document.components['schemas']![$ref.split('/').at(-1)!] as Json, pool, where);
    if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]));
    if (Array.isArray(anyOf)) return fc.oneof(...(anyOf as Json[]).map((one) => this.valueOf(one, pool, where)));
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
      case 'number':
        return fc.integer({ min: Number(minimum ?? 0), max: Number(maximum ?? 1_000) });
      case 'string':
        return this.textOf(schema, pool, where);
      case 'array':
        return fc.array(this.valueOf(items as Json, pool, `an item of ${where}`), {
          minLength: 1,
          maxLength: Number(maxItems ?? 3),
        });
      case 'object':
        return fc.record(
          Object.fromEntries(
            Object.entries((properties ?? {}) as Readonly<Record<string, Json>>).map(([name, field]) => [
              name,
              this.valueOf(field, pool, `${name} in ${where}`),
            ]),
          ),
          { requiredKeys: (required ?? []) as string[] },
        );
      default:
        throw new Error(`There is no way to make ${where}, whose schema is ${JSON.stringify(schema)}`);
    }
  }

  private textOf(schema: Json, pool: readonly string[], where: string): fc.Arbitrary<string> {
    const isValid = (text: string) => this.validator.problemsWith(text, schema).length === 0;
    const found = pool.filter(isValid);
    const texts = found.length ? found : TEXTS.filter(isValid);
    if (texts.length) return fc.constantFrom(...texts);
    throw new Error(`There is no text for ${where}, whose schema is ${JSON.stringify(schema)}`);
  }
}
