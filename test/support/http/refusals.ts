import type { RequestOptions } from '../system/system.js';

export const ALICE = 'alice@example.com';
const OLGA = 'olga@example.com';
export const UNKNOWN_ID = '0198a0a0-0000-7000-8000-000000000000';
const SINK_PATH = '/admin/outbox/sinks/nothing/pause';
const SKIP_PATH = `/admin/events/${UNKNOWN_ID}/skip`;
export const CANARY = 'canary-b8e1'; // part of each header and body, which no log line may contain

/** A request that the api refuses, and the expected response. */
export interface Refusal extends RequestOptions {
  readonly what: string;
  readonly method?: string;
  readonly path: string;
  readonly status: number;
  readonly kind: string;
  /** The fields that the response must name. */
  readonly fields?: readonly string[];
  /** The explanation that the response must contain. */
  readonly detail?: string;
}

const invite = (what: string, body: unknown, expected: Pick<Refusal, 'status' | 'kind' | 'fields'>): Refusal => ({
  what,
  method: 'POST',
  path: '/members/invitations',
  as: ALICE,
  body,
  ...expected,
});
const read = (what: string, path: string, expected: Pick<Refusal, 'status' | 'kind' | 'fields'>): Refusal => ({
  what,
  path,
  as: ALICE,
  ...expected,
});
export const invalid = (...fields: string[]) => ({ status: 422, kind: 'invalid', fields });
const badRequest = { status: 400, kind: 'bad-request' };
const notFound = { status: 404, kind: 'not-found' };
const unsupported = { status: 415, kind: 'unsupported-media-type' };
const valid = { email: `${CANARY}@example.com`, role: 'member' };

const ACCEPTED = 'Send the body as application/json in UTF-8, without a content encoding.';
const URL_RULE = 'The URL must be percent-encoded UTF-8. Write % as %25.';

export const REFUSALS: readonly Refusal[] = [
  { what: 'no token', path: '/me', status: 401, kind: 'unauthenticated' },
  {
    what: 'a token that is none',
    path: '/me',
    headers: { authorization: `Bearer ${CANARY}` },
    status: 401,
    kind: 'unauthenticated',
  },
  { what: 'another scheme', path: '/me', headers: { authorization: `Basic ${CANARY}` }, status: 401, kind: 'unauthenticated' },
  { what: "a member on an admin's route", path: '/members', as: 'carol@example.com', status: 403, kind: 'forbidden' },
  { what: "an operator on a member's route", path: '/organization', as: OLGA, status: 403, kind: 'forbidden' },
  {
    what: "an admin who asks for another's events",
    path: '/admin/events?organization_id=other',
    as: ALICE,
    status: 403,
    kind: 'forbidden',
  },
  read('a route that does not exist', '/nothing/here', notFound),
  { ...read('a method that the route does not have', '/me', notFound), method: 'DELETE' },
  read('a member that does not exist', `/members/${UNKNOWN_ID}`, notFound),
  read('an audit entry that does not exist', `/admin/audit-logs/${UNKNOWN_ID}`, notFound),
  read('an event that does not exist', `/admin/events/${UNKNOWN_ID}`, notFound),
  read('an id that is not a UUID', '/members/1', { ...badRequest, fields: ['id'] }),
  read('SQL for an id', "/admin/events/'%20or%201=1", { ...badRequest, fields: ['id'] }),
  read('NUL in the path', '/members/%00', invalid('id')),
  read('NUL in a path without parameter', '/me%00', notFound),
  read('half a surrogate in the path', '/members/%ED%A0%80', badRequest),
  read('a bad escape in the path', '/members/%zz', badRequest),
  read('an over-long path parameter', `/members/${'a'.repeat(600)}`, { status: 414, kind: 'uri-too-long' }),
  read('NUL in the query', '/admin/events?event_type=a%00b', invalid('event_type')),
  read('NUL in the name of a query parameter', '/admin/events?a%00b=1', invalid('a\u0000b')),
  read('an unknown query parameter', '/members?page=2', invalid('page')),
  read('a query parameter named as what every object has', '/members?constructor=x', invalid('constructor')),
  read('a prototype for a query parameter', '/members?__proto__=x', invalid('__proto__')),
  read('a limit of 0', '/members?limit=0', invalid('limit')),
  read('a limit of 101', '/members?limit=101', invalid('limit')),
  ...['ten', 'true', '', '1e1', '0x10', '%2010', '10%20', '+10', '%2B10', '-10', '00010', '1.0', '1_0', '%D9%A1', '1e400'].map(
    (limit): Refusal => ({
      ...read(`a limit of "${limit}"`, `/members?limit=${limit}`, invalid('limit')),
      detail: expect.stringContaining('limit must be an integer from 1 to 100, in decimal digits') as string,
    }),
  ),
  read('a limit that is given twice', '/members?limit=1&limit=1', invalid('limit')),
  read('a limit of commands in hexadecimal digits', '/admin/outbox/commands?limit=0x10', invalid('limit')),
  read('a parameter given twice', '/admin/events?event_type=a&event_type=b', invalid('event_type')),
  read('a bad cursor', '/members?cursor=bm90aGluZw.x', invalid('cursor')),
  read('an unknown status', '/admin/events?status=lost', invalid('status')),
  read('a correlation id that is not a UUID', '/admin/audit-logs?correlation_id=1', invalid('correlation_id')),
  read('a moment without a time zone', '/admin/audit-logs?from=2026-01-01T00:00:00', invalid('from')),
  read('a moment that PostgreSQL does not know', '/admin/audit-logs?to=2026-W01-1', invalid('to')),
  {
    ...read('a day that does not exist', '/admin/audit-logs?from=2026-02-30T00:00:00Z', invalid('from')),
    detail: 'from must be a date and a time that exist',
  },
  {
    ...read('a year that does not exist', '/admin/events?from=0000-01-01T00:00:00Z', invalid('from')),
    detail: 'from must be a date and a time that exist',
  },
  ...['audit-logs', 'events'].flatMap((list) =>
    [
      ['2026-02-01T00:00:00Z', '2026-01-01T00:00:00Z'],
      ['2026-01-01T00:00:00.000002Z', '2026-01-01T00:00:00.000001Z'],
      ['2026-01-01T00:00:00Z', '2026-01-01T00:30:00%2B01:00'],
    ].map(([from, to]): Refusal => ({
      ...read(`a period of ${list} from ${from} to ${to}`, `/admin/${list}?from=${from}&to=${to}`, {
        ...badRequest,
        fields: ['from'],
      }),
      detail: 'from must not be after to.',
    })),
  ),
  {
    ...invite(
      'a period of a replay that ends before it begins',
      { filter: { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' } },
      { ...badRequest, fields: ['filter.from'] },
    ),
    path: '/admin/events/replay',
    detail: 'filter.from must not be after filter.to.',
  },
  read('an address that is none', '/admin/audit-logs?ip_address=somewhere', invalid('ip_address')),
  { ...invite('no JSON', `{"${CANARY}`, badRequest), detail: 'The request body is not valid JSON.' },
  { ...invite('a body of blanks', ' \n', badRequest), detail: 'The request body is not valid JSON.' },
  invite('an empty body', '', invalid('body')),
  { ...invite('an empty body of a PATCH', '', invalid('body')), method: 'PATCH', path: `/members/${UNKNOWN_ID}` },
  { ...invite('an empty body of a DELETE', '', notFound), method: 'DELETE', path: `/members/${UNKNOWN_ID}` },
  { ...invite('an empty body of an operation that takes none', '', notFound), path: SINK_PATH, as: OLGA },
  { ...invite('an empty body of an operation whose fields are optional', '', notFound), path: SKIP_PATH, as: OLGA },
  ...['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'].flatMap((type): Refusal[] => [
    { ...invite(`an empty body of ${type}`, '', invalid('body')), headers: { 'content-type': type } },
    {
      ...invite(`an empty body of ${type} of a DELETE`, '', notFound),
      method: 'DELETE',
      path: `/members/${UNKNOWN_ID}`,
      headers: { 'content-type': type },
    },
  ]),
  invite('null', 'null', invalid('body')),
  invite('a list', '[]', invalid('body')),
  invite('a text', `"${CANARY}"`, invalid('body')),
  {
    ...invite('a prototype', `{"__proto__":{"${CANARY}":1}}`, badRequest),
    detail: 'The request body must not contain the key "__proto__", or "constructor" with the key "prototype".',
  },
  {
    ...invite('nothing that is needed', {}, invalid('email', 'role')),
    detail: 'email is required; role is required',
  },
  {
    ...invite('wrong types', { email: 1, role: ['admin'], name: 7 }, invalid('email', 'name', 'role')),
    detail: 'email must be a string; name must be a string; role must be one of the following values: member, admin',
  },
  {
    ...invite('an empty text for each field', { email: '', role: '', name: '' }, invalid('email', 'name', 'role')),
    detail: 'email must not be empty; name must not be empty; role must be one of the following values: member, admin',
  },
  {
    ...read('a filter that is too long', `/admin/events?event_type=${'a'.repeat(201)}`, invalid('event_type')),
    detail: 'event_type must not be longer than 200 characters',
  },
  {
    ...invite(
      'wrong types inside a filter',
      { filter: { event_type: 1, error: 'x' } },
      invalid('filter.error', 'filter.event_type'),
    ),
    path: '/admin/events/replay',
    detail: 'filter.event_type must be a string; filter.error must have at least 3 characters',
  },
  invite('null for a name', { ...valid, name: null }, invalid('name')),
  ...[
    ['blanks', ' \u3000', 'name must not be empty'],
    ['a space of no width', '\u200b', 'name must not be empty'],
    ['an override of the direction', 'Alice\u202e', 'name must not contain characters that change the direction of the text'],
    ['a joiner', '\u200d', 'name must contain a visible character'],
  ].flatMap(([what, name, detail]): Refusal[] => [
    { ...invite(`${what} for a name`, { ...valid, name }, invalid('name')), detail: detail! },
    {
      ...invite(`${what} for the name of an organization`, { name }, invalid('name')),
      method: 'PATCH',
      path: '/organization',
      detail: detail!,
    },
  ]),
  invite('an unknown field', { ...valid, admin: true }, invalid('admin')),
  invite('an unknown role', { ...valid, role: 'owner' }, invalid('role')),
  invite('NUL in a field', { ...valid, name: 'a\u0000b' }, invalid('name')),
  invite('NUL in the name of a field', { ...valid, 'a\u0000b': 1 }, invalid('a\u0000b')),
  invite('half a surrogate in a field', `{"email":"a@example.com","role":"member","name":"\\ud800"}`, invalid('name')),
  invite('nesting without an end', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, invalid('name')),
  {
    ...invite('a form', `email=${CANARY}%40example.com&role=member`, unsupported),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  },
  { ...invite('plain text', JSON.stringify(valid), unsupported), headers: { 'content-type': 'text/plain' }, detail: ACCEPTED },
  ...['application/json; charset=iso-8859-1', 'application/json;charset="UTF-16"', 'application/json; charset='].map(
    (type): Refusal => ({
      ...invite(`the type ${type}`, valid, unsupported),
      headers: { 'content-type': type },
      detail: ACCEPTED,
    }),
  ),
  ...['application/json; charset="UTF-8"', 'application/json; charset=utf8; x=1'].map((type): Refusal => ({
    ...invite(`the type ${type}`, {}, invalid('email', 'role')),
    headers: { 'content-type': type },
  })),
  ...['gzip', 'br, identity', 'aes128gcm'].map((encoding): Refusal => ({
    ...invite(`the encoding ${encoding}`, valid, unsupported),
    headers: { 'content-encoding': encoding },
    detail: ACCEPTED,
  })),
  { ...invite('the encoding Identity', {}, invalid('email', 'role')), headers: { 'content-encoding': 'Identity' } },
  ...['%FF', '%C3%28', '%ED%A0%80', '%C0%AF', '100%', '%2'].map((text): Refusal => ({
    ...read(`${text} in the query`, `/admin/events?event_type=${text}`, badRequest),
    detail: URL_RULE,
  })),
  { ...read('invalid UTF-8 in the name of a parameter', '/members?%FF=1', badRequest), detail: URL_RULE },
  { ...read('invalid UTF-8 in the path', '/members/%FF', badRequest), detail: URL_RULE },
  { ...read('invalid UTF-8 in a path without parameter', '/me%FF', badRequest), detail: URL_RULE },
  { what: 'null for a name', method: 'PATCH', path: '/organization', as: ALICE, body: { name: null }, ...invalid('name') },
  { what: 'a slug with a blank', method: 'PATCH', path: '/organization', as: ALICE, body: { slug: 'a b' }, ...invalid('slug') },
  {
    what: 'a slug that is taken',
    method: 'PATCH',
    path: '/organization',
    as: ALICE,
    body: { slug: 'globex' },
    status: 409,
    kind: 'conflict',
  },
];
