import { PROBLEM_TYPES, type ProblemType } from '../errors/problem.types.js';
import type { Schema } from './request.schema.js';

/** Problems of requests that the server refuses before it finds the route. Each route can respond with them. */
const REFUSED = [
  'request-timeout',
  'payload-too-large',
  'uri-too-long',
  'unsupported-media-type',
  'expectation-failed',
  'request-header-fields-too-large',
] as const satisfies readonly ProblemType[];

const REFUSED_REQUEST = 'RefusedRequest';

const EXAMPLE_FIELDS = [{ field: 'email', message: 'email is required' }];

export const PROBLEM_SCHEMA: Schema = {
  description: 'Problem details, as RFC 9457 defines them.',
  type: 'object',
  properties: {
    type: { type: 'string', pattern: '^urn:pikaia:problem:[a-z-]+$', description: 'The type of the problem, for programs.' },
    title: { type: 'string', description: 'A short summary of the type.' },
    status: { type: 'integer', description: 'The status of the response.' },
    detail: { type: 'string', description: 'What is wrong with this request, for people.' },
    errors: {
      type: 'array',
      description: 'The fields that are not valid.',
      items: {
        type: 'object',
        properties: {
          field: { type: 'string', description: 'The path of the field, such as `filter.from`.' },
          message: { type: 'string', description: 'A sentence that names the field.' },
        },
        required: ['field', 'message'],
        additionalProperties: false,
      },
    },
    'violated-policies': {
      type: 'array',
      description: 'The rate limit that is reached.',
      items: { enum: ['address', 'webhook', 'session', 'organization'] },
    },
    correlation_id: {
      type: ['string', 'null'],
      format: 'uuid',
      description: 'Finds the request in logs, events and audit entries.',
    },
  },
  required: ['type', 'title', 'status', 'detail', 'correlation_id'],
  additionalProperties: false,
};

/** The shared responses of the document: one for each type of problem, and one for requests that no route reads. */
export function problemResponses(): Readonly<Record<string, object>> {
  const single = (Object.keys(PROBLEM_TYPES) as ProblemType[]).filter((type) => !(REFUSED as readonly string[]).includes(type));
  return {
    ...Object.fromEntries(single.map((type) => [nameOf(type), problemResponse([type])])),
    [REFUSED_REQUEST]: problemResponse(REFUSED),
  };
}

/** Returns the responses of an operation with these problems, by status. */
export function responsesOf(types: readonly ProblemType[]): Readonly<Record<string, object>> {
  const byStatus = Map.groupBy(new Set(types), (type) => PROBLEM_TYPES[type].status);
  const responses = [...byStatus].map(([status, ofStatus]): [string, object] => [
    String(status),
    ofStatus.length === 1 ? { $ref: `#/components/responses/${nameOf(ofStatus[0]!)}` } : problemResponse(ofStatus),
  ]);
  return { ...Object.fromEntries(responses), '4XX': { $ref: `#/components/responses/${REFUSED_REQUEST}` } };
}

const urnOf = (type: ProblemType): string => `urn:pikaia:problem:${type}`;

const nameOf = (type: ProblemType): string => type.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** True for a problem whose response says when to repeat the request. */
const canRetry = (type: ProblemType): boolean =>
  type === 'idempotency-key-in-use' || (type !== 'outcome-unknown' && [429, 503].includes(PROBLEM_TYPES[type].status));

function problemResponse(types: readonly ProblemType[]): object {
  const [first] = types as [ProblemType];
  const { status, about } = PROBLEM_TYPES[first];
  const header = (name: string) => ({ $ref: `#/components/headers/${name}` });
  return {
    description: types.map((type) => `\`${urnOf(type)}\`: ${PROBLEM_TYPES[type].about}`).join('\n\n'),
    headers: {
      'X-Correlation-Id': header('CorrelationId'),
      ...(types.some((type) => canRetry(type)) && { 'Retry-After': header('RetryAfter') }),
      ...(status === 429 && { RateLimit: header('RateLimit'), 'RateLimit-Policy': header('RateLimitPolicy') }),
      ...(status === 412 && { ETag: header('ETag') }),
      ...(status === 401 && { 'WWW-Authenticate': header('WwwAuthenticate') }),
    },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [{ $ref: '#/components/schemas/Problem' }],
          type: 'object',
          properties: { type: { enum: types.map(urnOf) } },
        },
        example: {
          type: urnOf(first),
          title: 'A short summary',
          status,
          detail: first === 'invalid' ? EXAMPLE_FIELDS[0]!.message : about,
          ...(first === 'invalid' && { errors: EXAMPLE_FIELDS }),
          correlation_id: '019c12f4-7175-7abc-8504-af03c46f1d1b',
        },
      },
    },
  };
}
