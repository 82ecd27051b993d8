import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export type Json = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: Json;
}

interface Content {
  readonly [type: string]: { readonly schema?: Json; readonly example?: unknown };
}

export interface Response {
  readonly description?: string;
  readonly headers?: Readonly<Record<string, Json>>;
  readonly content?: Content;
}

export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses?: Readonly<Record<string, Response>>;
  readonly 'x-roles'?: readonly string[];
}

export interface ApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An operation with its method in lower case and its path. */
export interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export const DOCUMENT_FILE = resolve(__dirname, '../../../docs/openapi.json');

/** Reads docs/openapi.json, which a test compares with the api. */
export const readDocument = (): ApiDocument => JSON.parse(readFileSync(DOCUMENT_FILE, 'utf8')) as ApiDocument;

/** Returns all operations. References to parameters, headers and responses are replaced by what they name. */
export function endpointsOf({ paths, components }: ApiDocument): Endpoint[] {
  const follow = <Value>(value: Value): Value => {
    const [, , kind, name] = String((value as { $ref?: string }).$ref ?? '').split('/');
    return name === undefined ? value : (components[kind!]![name] as Value);
  };
  const withHeaders = (response: Response): Response => ({
    ...response,
    headers: Object.fromEntries(Object.entries(response.headers ?? {}).map(([name, header]) => [name, follow(header)])),
  });
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method,
      path,
      operation: {
        ...operation,
        parameters: (operation.parameters ?? []).map(follow),
        responses: Object.fromEntries(
          Object.entries(operation.responses ?? {}).map(([status, response]) => [status, withHeaders(follow(response))]),
        ),
      },
    })),
  );
}
