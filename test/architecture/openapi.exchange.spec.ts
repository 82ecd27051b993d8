import { ExchangeCheck, type Exchange } from '../support/openapi/exchange.check.js';
import { readDocument } from '../support/openapi/document.js';

const check = new ExchangeCheck(readDocument());
const ID = '019c12f4-7175-7abc-8504-af03c46f1d1b';

const problem = (type: string, status: number) => ({
  type: `urn:pikaia:problem:${type}`,
  title: 'a title',
  status,
  detail: 'a detail',
  correlation_id: ID,
});
const invitation = { id: ID, email: 'bob@example.com', role: 'member', status: 'invited' };

/** Returns an exchange that is as documented, with changes. The body of the response is JSON. */
function exchange(
  { type = 'application/json', answer = invitation as unknown, ...changes } = {} as Record<string, unknown>,
): Exchange {
  return {
    method: 'POST',
    path: '/api/v1/members/invitations',
    sent: '{"email":"bob@example.com","role":"member"}',
    status: 201,
    headers: new Headers({ 'content-type': String(type), 'x-correlation-id': ID }),
    received: JSON.stringify(answer),
    ...changes,
  };
}

const refused = { status: 422, type: 'application/problem+json', answer: problem('invalid', 422) };

describe('the check of requests and responses', () => {
  it('accepts what the document describes, and a wrong request if the response refuses it', () => {
    expect(check.problemsWith(exchange())).toEqual([]);
    expect(check.problemsWith(exchange({ ...refused, sent: '{"role":7}' }))).toEqual([]);
    const removed = { method: 'DELETE', path: `/api/v1/members/${ID}`, sent: undefined, status: 204, received: '' };
    expect(check.problemsWith({ ...exchange(removed), headers: new Headers({ 'x-correlation-id': ID }) })).toEqual([]);
    const list = { method: 'GET', sent: undefined, status: 200, answer: { data: [], next_cursor: null } };
    expect(check.problemsWith(exchange({ ...list, path: '/api/v1/members?limit=100' }))).toEqual([]);
  });

  it('accepts a wrong request if the api is unavailable before it reads the request', () => {
    const unavailable = { status: 503, type: 'application/problem+json', answer: problem('unavailable', 503) };
    expect(check.problemsWith(exchange({ ...unavailable, sent: '{"role":7}' }))).toEqual([]);
    const failed = { status: 500, type: 'application/problem+json', answer: problem('internal', 500) };
    expect(check.problemsWith(exchange({ ...failed, sent: '{"role":7}' })).join()).toContain('the request is not as documented');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an undocumented route', { path: '/api/v1/planted' }, 'the document has no route POST /api/v1/planted'],
    ['an undocumented method', { method: 'PUT' }, 'the document has no route PUT'],
    ['an undocumented status', { status: 202 }, 'no response with status 202'],
    ['an undocumented field of the response', { answer: { ...invitation, secret: 1 } }, 'must NOT have additional properties'],
    ['a missing field of the response', { answer: { ...invitation, email: undefined } }, "must have required property 'email'"],
    ['another type of a field', { answer: { ...invitation, id: 7 } }, '/id must be string'],
    ['an undocumented value', { answer: { ...invitation, role: 'owner' } }, '/role must be equal to one of the allowed values'],
    ['another content type', { type: 'text/html' }, 'has the content type text/html'],
    ['a problem of another type', { ...refused, answer: problem('planted', 422) }, '/type must be equal to one of'],
    ['a missing header', { headers: new Headers({ 'content-type': 'application/json' }) }, 'has no header X-Correlation-Id'],
    [
      'an undocumented field of an accepted request',
      { sent: '{"email":"bob@example.com","role":"member","x":1}' },
      'the request',
    ],
    [
      'an undocumented parameter',
      { path: '/api/v1/members/invitations?planted=1' },
      'the document has no query parameter planted',
    ],
    ['a missing body', { sent: undefined }, 'the body is missing'],
  ])('reports %s', (_, changes, finding) => {
    expect(check.problemsWith(exchange(changes)).join()).toContain(finding);
  });
});
