import type { INestApplicationContext, INestApplication, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { isDeepStrictEqual } from 'node:util';
import { describeOperation } from './operation.js';
import { PROBLEM_SCHEMA, problemResponses } from './problem.responses.js';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

const UUID = { type: 'string', format: 'uuid' };
const CORRELATION_ID = '019c12f4-7175-7abc-8504-af03c46f1d1b';

const ETAG = '"Zf0w2o6v5l1dWq5nYv7n3A"';

const PARAMETERS = {
  CorrelationId: {
    name: 'X-Correlation-Id',
    in: 'header',
    description: 'Joins the log lines, events and audit entries of the request. By default the server chooses it.',
    schema: UUID,
    example: CORRELATION_ID,
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    description: '`change-token`: the response has the header `X-Change-Token`.',
    schema: { type: 'string' },
    example: 'change-token',
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A new random value for each change. A repeat with the same key gets the stored response, and changes nothing again.',
    schema: { type: 'string', minLength: 1, maxLength: 512 },
    example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` that the resource must have, or `*`.',
    schema: { type: 'string' },
    example: ETAG,
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` that the resource must not have. A GET responds 304 if it has it.',
    schema: { type: 'string' },
    example: ETAG,
  },
};

const HEADERS = {
  CorrelationId: { description: 'The correlation id of the request.', required: true, schema: UUID, example: CORRELATION_ID },
  ChangeToken: {
    description: 'The token of the changes of the request, for `after_change`. Present after `Prefer: change-token`.',
    schema: { type: 'string' },
    example: 'eyJhIjoiMSJ9.c2lnbmF0dXJl',
  },
  PreferenceApplied: {
    description: '`change-token` if `X-Change-Token` is present.',
    schema: { type: 'string' },
    example: 'change-token',
  },
  IdempotentReplayed: {
    description: '`true` if the response is the stored one of an earlier request with the same `Idempotency-Key`.',
    schema: { type: 'string' },
    example: 'true',
  },
  ETag: { description: 'Changes whenever the resource does.', schema: { type: 'string' }, example: ETAG },
  RateLimit: {
    description: 'For each limit the requests that are left, `r`, and the seconds until its window ends, `t`.',
    schema: { type: 'string' },
    example: '"address";r=5987;t=41, "session";r=1188;t=41',
  },
  RateLimitPolicy: {
    description: 'For each limit the requests that are allowed, `q`, in a window of `w` seconds.',
    schema: { type: 'string' },
    example: '"address";q=6000;w=60, "session";q=1200;w=60',
  },
  RetryAfter: {
    description: 'The seconds after which to try again. `outcome-unknown` has none.',
    schema: { type: 'integer' },
    example: 1,
  },
  WwwAuthenticate: { description: 'The authentication scheme.', schema: { type: 'string' }, example: 'Bearer' },
};

const INTRODUCTION = `Errors are problem details (RFC 9457): \`type\` names the problem. Lists have pages: pass \`next_cursor\` as \`cursor\`.
Times are RFC 3339 in UTC. An unknown field is refused.`;

/** Returns the OpenAPI document of the routes of an application. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const controllers = controllersOf(app);
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Pikaia example')
    .setDescription(INTRODUCTION)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The session token.' }, 'session')
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: (...names) => names.slice(0, 2).join('.') });
  for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      // Nest names the second path of a handler `pause[1]`.
      const [, name, handler, alias] = /^(\w+)\.(\w+)(?:\[(\d+)\])?$/.exec(operation.operationId!) as unknown as [
        string,
        string,
        string,
        string?,
      ];
      const described = describeOperation({ controller: controllers.get(name)!, handler, method, path });
      const id = `${handler}${name.replace(/Controller$/, '')}${alias === undefined ? '' : Number(alias) + 1}`;
      item[method] = { operationId: id, tags: operation.tags, ...described } as typeof operation;
    }
  const schemas: Record<string, unknown> = { Problem: PROBLEM_SCHEMA };
  document.paths = withReferences(document.paths, schemas) as typeof document.paths;
  document.components = {
    ...document.components,
    schemas,
    parameters: PARAMETERS,
    headers: HEADERS,
    responses: problemResponses(),
  } as typeof document.components;
  return JSON.parse(JSON.stringify(document)) as OpenAPIObject; // without undefined fields and non-JSON marks of TypeBox
}

function controllersOf(app: INestApplicationContext): ReadonlyMap<string, Type> {
  const modules = [...app.get(ModulesContainer, { strict: false }).values()];
  const types = modules.flatMap(({ controllers }) => [...controllers.values()].map(({ metatype }) => metatype as Type));
  return new Map(types.map((type) => [type.name, type]));
}

/**
 * Moves each schema with `$id` to the components of the document, and refers to it.
 *
 * @throws Error if two different schemas have one name.
 */
export function withReferences(value: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, schemas));
  if (typeof value !== 'object' || value === null) return value;
  const { $id, ...fields } = value as Readonly<Record<string, unknown>>;
  const referring = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, withReferences(field, schemas)]));
  if (typeof $id !== 'string') return referring;
  if (schemas[$id] && !isDeepStrictEqual(schemas[$id], referring)) throw new Error(`Two different schemas have the name ${$id}.`);
  schemas[$id] = referring;
  return { $ref: `#/components/schemas/${$id}` };
}
