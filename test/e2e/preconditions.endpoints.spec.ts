import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { CallArbitrary } from '../support/openapi/call.arbitrary.js';
import { endpointsOf, readDocument, type Endpoint } from '../support/openapi/document.js';
import { System } from '../support/system/system.js';

const ALICE = 'alice@example.com';
const FORGOTTEN = pathToFileURL(resolve(__dirname, '../support/system/forgotten-preconditions.mjs')).href;
const CONDITIONS = [
  ['if-match', '"another"'],
  ['if-none-match', '*'],
] as const;

const document = readDocument();
const calls = new CallArbitrary(document);
const endpoints = endpointsOf(document)
  .filter(({ method, operation }) => method !== 'get' && operation.parameters!.some(({ name }) => name === 'If-Match'))
  .map((endpoint) => [`${endpoint.method.toUpperCase()} ${endpoint.path}`, endpoint] as const);

let system: System;
beforeAll(async () => {
  system = await System.start({ worker: false });
});
afterAll(() => system.stop());

const isOfWebhooks = (path: string): boolean => path.startsWith('/api/v1/webhooks/');

/** Creates what the path of an endpoint changes. @returns its id. */
async function createResource(path: string): Promise<string> {
  const { body } = isOfWebhooks(path)
    ? await system.request('POST', '/webhooks/endpoints', { as: ALICE, body: { url: 'https://example.com/webhooks' } })
    : await system.request('POST', '/members/invitations', {
        as: ALICE,
        body: { email: `${randomUUID()}@example.com`, role: 'member' },
      });
  return String(body['id']);
}

/** Sends a change of an existing resource with conditions that do not hold. @returns the conditions that nothing compared. */
async function ignoredConditions(endpoint: Endpoint, port: number): Promise<string[]> {
  const ignored = [];
  for (const [name, tags] of CONDITIONS) {
    const [call] = fc.sample(calls.of(endpoint, { texts: [await createResource(endpoint.path)] }), 1);
    const { status, headers } = await system.request(call!.method, call!.path.replace(/^\/api\/v1/, ''), {
      as: ALICE,
      port,
      headers: { [name]: tags },
      // The description knows more URLs than the rules accept.
      ...(call!.body !== undefined && { body: isOfWebhooks(endpoint.path) ? { description: randomUUID() } : call!.body }),
    });
    if (status !== 412 || headers.get('etag') === null) ignored.push(name); // 412 without ETag: the resource was not read
  }
  return ignored;
}

describe('an endpoint whose description has If-Match', () => {
  it.each(endpoints)('compares the conditions of a request with the current ETag: %s', async (_, endpoint) => {
    expect(await ignoredConditions(endpoint, system.api.port)).toEqual([]);
  });

  it('is reported by this check if its service forgets to compare them', async () => {
    const { port } = await system.startApi({ NODE_OPTIONS: `--import ${FORGOTTEN}` });
    const reports = [];
    for (const [name, endpoint] of endpoints) reports.push([name, await ignoredConditions(endpoint, port)]);
    expect(reports.length).toBeGreaterThan(2);
    expect(reports).toEqual(endpoints.map(([name]) => [name, CONDITIONS.map(([condition]) => condition)]));
  });
});
