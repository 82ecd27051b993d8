import type { Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { STATUS_CODES } from 'node:http';
import { ACCESS, callersOf, type Access } from '../authentication/access.js';
import type { ProblemType } from '../errors/problem.types.js';
import { HAS_ETAG } from '../preconditions/etag.interceptor.js';
import { addressLimitOfRoute } from '../rate-limits/address-limit.decorator.js';
import { ANY_UUID } from '../server/canonical.js';
import { IdPipe } from '../server/id.pipe.js';
import { isOptionalBody } from '../server/request.pipe.js';
import { ENDPOINT, type EndpointDescription, type HeaderDescription } from './endpoint.decorator.js';
import { responsesOf } from './problem.responses.js';
import { requestSchema, type Schema } from './request.schema.js';
import { exampleOf } from './schema.example.js';

/** A method of a controller, and a route that it serves. */
export interface Route {
  readonly controller: Type;
  readonly handler: string;
  readonly method: string;
  /** The path with its parameters in braces. */
  readonly path: string;
}

interface RouteArgument {
  readonly index: number;
  readonly data?: string;
  readonly pipes: readonly unknown[];
}

const CALLERS: Readonly<Record<Access, string>> = {
  public: 'anyone',
  session: 'anyone with a valid session of an organization at the provider',
  webhook: 'the provider, which signs the request',
  member: 'all members of an organization',
  admin: 'admins of an organization',
  operator: 'operators of the platform',
  viewer: 'viewers of the platform',
};

const ref = (kind: 'headers' | 'parameters', name: string) => ({ $ref: `#/components/${kind}/${name}` });

/** Describes a route as an operation of the document, from `@Endpoint` and the other decorators. Undefined without `@Endpoint`. */
export function describeOperation(route: Route): Readonly<Record<string, unknown>> | undefined {
  const handler = (route.controller.prototype as Readonly<Record<string, Function>>)[route.handler]!;
  const endpoint = Reflect.getMetadata(ENDPOINT, handler) as EndpointDescription | undefined;
  if (!endpoint) return undefined;
  const roles = rolesOf(route, handler);
  const isPublic = roles.includes('public') || roles.includes('webhook'); // a webhook has a signature instead of a session
  const isRead = route.method === 'get' || endpoint.reads === true;
  const takesKey = !isRead && !isPublic;
  const isLimited = addressLimitOfRoute(handler) !== 'none';
  const hasETag = Reflect.hasMetadata(HAS_ETAG, handler);
  const body = bodyOf(route, endpoint);
  const query = queryOf(route);
  const problems: ProblemType[] = [
    'bad-request',
    ...(isPublic ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(body || query.length || route.path.includes('{') ? (['invalid'] as const) : []),
    ...(hasETag || !isRead ? (['precondition-failed'] as const) : []), // without an ETag, nothing could compare the tag
    ...(takesKey ? (['idempotency-key-in-use', 'idempotency-key-reused'] as const) : []),
    ...(endpoint.problems ?? []),
    ...(isLimited ? (['rate-limited'] as const) : []),
    'internal',
    'unavailable',
    ...(isRead ? [] : (['outcome-unknown'] as const)),
  ];
  const headers = {
    'X-Correlation-Id': ref('headers', 'CorrelationId'),
    ...(!isRead && {
      'X-Change-Token': ref('headers', 'ChangeToken'),
      'Preference-Applied': ref('headers', 'PreferenceApplied'),
    }),
    ...(takesKey && { 'Idempotent-Replayed': ref('headers', 'IdempotentReplayed') }),
    ...(hasETag && { ETag: ref('headers', 'ETag') }),
    ...(isLimited && { RateLimit: ref('headers', 'RateLimit'), 'RateLimit-Policy': ref('headers', 'RateLimitPolicy') }),
  };
  return {
    summary: endpoint.summary,
    description: `${endpoint.description ? `${endpoint.description}\n\n` : ''}For ${callersText(roles)}.`,
    'x-roles': roles,
    security: isPublic ? [] : [{ session: [] }],
    parameters: [
      ...pathParameters(route, endpoint),
      ...query,
      ref('parameters', 'CorrelationId'),
      ...(isRead ? [] : [ref('parameters', 'Prefer')]),
      ...(takesKey ? [ref('parameters', 'IdempotencyKey')] : []),
      ...(hasETag ? [ref('parameters', 'IfMatch'), ref('parameters', 'IfNoneMatch')] : []),
      ...(endpoint.requestHeaders ?? []).map((header) => ({ ...headerOf(header), name: header.name, in: 'header' })),
    ],
    ...(body && { requestBody: body }),
    responses: {
      ...Object.fromEntries(
        Object.entries(endpoint.responses).map(([status, schema]) => [
          status,
          successResponse(endpoint, status, schema as Schema | null, headers),
        ]),
      ),
      ...(isRead && hasETag && { 304: { description: STATUS_CODES[304], headers } }),
      ...responsesOf(problems),
    },
  };
}

/** Names the callers, such as `admins of an organization, and operators and viewers of the platform`. */
function callersText(roles: readonly Access[]): string {
  if (!roles.includes('operator') || !roles.includes('viewer')) return roles.map((role) => CALLERS[role]).join(' and ');
  const others = roles.filter((role) => role !== 'operator' && role !== 'viewer').map((role) => CALLERS[role]);
  return [...others, 'operators and viewers of the platform'].join(', and ');
}

/** The roles that may call a handler, as the guard reads them. */
const rolesOf = ({ controller, method }: Route, handler: Function): readonly Access[] =>
  callersOf((Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, controller) ?? []) as readonly Access[], method);

function argumentsOf({ controller, handler }: Route, kind: RouteParamtypes): (RouteArgument & { type: Type | undefined })[] {
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, handler) ?? []) as readonly Type[];
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Readonly<Record<string, RouteArgument>>;
  return Object.entries(args)
    .filter(([key]) => key.startsWith(`${kind}:`))
    .map(([, argument]) => ({ ...argument, type: types[argument.index] }));
}

function bodyOf(route: Route, { example, body: given }: EndpointDescription): object | undefined {
  const type = argumentsOf(route, RouteParamtypes.BODY)[0]?.type;
  const schema = given ?? (type && requestSchema(type));
  if (!schema) return undefined;
  return { required: !type || !isOptionalBody(type), content: { 'application/json': { schema, example } } };
}

function queryOf(route: Route): object[] {
  const type = argumentsOf(route, RouteParamtypes.QUERY)[0]?.type;
  if (!type) return [];
  const { properties, required = [] } = requestSchema(type);
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    required: (required as readonly string[]).includes(name),
    schema,
  }));
}

function pathParameters(route: Route, { path = {} }: EndpointDescription): object[] {
  const args = argumentsOf(route, RouteParamtypes.PARAM);
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const isId = args.some(({ data, pipes }) => data === name && pipes.includes(IdPipe));
    const schema: Schema = { type: 'string', ...(isId ? { pattern: ANY_UUID } : { minLength: 1 }) };
    return { name, in: 'path', description: path[name!], required: true, schema };
  });
}

function successResponse(
  { responseHeaders = [] }: EndpointDescription,
  status: string,
  schema: Schema | null,
  headers: object,
): object {
  return {
    description: STATUS_CODES[status] ?? status,
    headers: {
      ...headers,
      ...Object.fromEntries(responseHeaders.map((header) => [header.name, headerOf(header)])),
    },
    ...(schema && { content: { 'application/json': { schema, example: exampleOf(schema) } } }),
  };
}

const headerOf = ({ description, example }: HeaderDescription): object => ({ description, schema: { type: 'string' }, example });
