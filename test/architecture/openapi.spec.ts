import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeApi, documentText } from '../../apps/api/src/openapi/describe-api.js';
import { DOCUMENT_FILE, endpointsOf, readDocument, type ApiDocument, type Operation } from '../support/openapi/document.js';
import { incompleteParts } from '../support/openapi/endpoint.check.js';

const root = resolve(__dirname, '../..');

type Draft<Value> = { -readonly [Key in keyof Value]: Draft<Value[Key]> };

/** Returns a copy of the document in which one operation is changed. */
function withChange(path: string, method: string, change: (operation: Draft<Operation>) => void): ApiDocument {
  const document = readDocument() as Draft<ApiDocument>;
  change(document.paths[path]![method]!);
  return document as ApiDocument;
}

describe('docs/openapi.json', () => {
  it('is the document of the code (to update it, run: npm run docs:openapi)', async () => {
    expect(documentText(await describeApi())).toBe(readFileSync(DOCUMENT_FILE, 'utf8'));
  });

  it('is the source of the types of the client (to update them, run: npm run docs:openapi)', () => {
    const types = execFileSync(join(root, 'node_modules/.bin/openapi-typescript'), [DOCUMENT_FILE], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    expect(types).toBe(readFileSync(join(root, 'apps/console/src/api/api.types.ts'), 'utf8'));
  });

  it('is an OpenAPI 3.1 document in which no endpoint lacks a part', () => {
    const document = readDocument();
    expect(document.openapi).toBe('3.1.0');
    expect(endpointsOf(document).length).toBeGreaterThan(20);
    expect(incompleteParts(document)).toEqual([]);
  });

  it('names the callers of an operation in one sentence', () => {
    const operations = endpointsOf(readDocument()).map(({ operation }) => operation as Operation & { description?: string });
    const descriptionOf = (name: string) => operations.find(({ operationId }) => operationId === name)!.description;
    expect(descriptionOf('findEvents')).toMatch(/For admins of an organization, and operators and viewers of the platform\.$/);
    expect(descriptionOf('showOutbox')).toMatch(/For operators and viewers of the platform\.$/);
    expect(descriptionOf('cancelOutbox')).toMatch(/For admins of an organization and operators of the platform\.$/);
  });

  it('describes the headers that tell a client how to go on after a refusal', () => {
    const { responses } = endpointsOf(readDocument()).find(
      ({ operation }) => operation.operationId === 'changeRoleMembers',
    )!.operation;
    const headersOf = (name: string) => Object.keys((readDocument().components!.responses![name] as { headers: object }).headers);
    const headers = (status: number) => Object.keys(responses![status]!.headers!);
    expect(headers(409)).toContain('Retry-After'); // of idempotency-key-in-use
    expect(headers(412)).toContain('ETag');
    expect(headersOf('OutcomeUnknown')).not.toContain('Retry-After'); // the client must not simply repeat the change
    expect(headersOf('Unavailable')).toContain('Retry-After');
    expect(headers(429)).toEqual(expect.arrayContaining(['Retry-After', 'RateLimit', 'RateLimit-Policy']));
  });

  it.each<[string, (operation: Draft<Operation>) => void, string]>([
    ['a summary', (operation) => delete operation.summary, 'a summary'],
    ['roles', (operation) => delete operation['x-roles'], 'roles'],
    ['a parameter of its path', (operation) => operation.parameters!.shift(), 'the parameter id'],
    ['a description of a parameter', ({ parameters }) => (parameters![0]!.description = ''), 'a description of the parameter id'],
    [
      'an example of the body',
      ({ requestBody }) => delete requestBody!.content['application/json']!.example,
      'an example of the body',
    ],
    ['a successful response', ({ responses }) => delete responses!['200'], 'a successful response'],
    ['a schema of the response', ({ responses }) => delete responses!['200']!.content, 'a schema of status 200'],
    ['its problems', ({ responses }) => delete responses!['422'], 'the problems of status 422'],
  ])('the check reports an endpoint without %s', (_, change, part) => {
    const found = incompleteParts(withChange('/api/v1/members/{id}', 'patch', change));
    expect(found).toContainEqual(expect.stringContaining(`patch /api/v1/members/{id} lacks ${part}`));
  });

  it('the check reports an example that its schema refuses', () => {
    const document = withChange('/api/v1/members/{id}', 'patch', ({ requestBody }) => {
      requestBody!.content['application/json']!.example = { role: 'owner' };
    });
    expect(incompleteParts(document)).toEqual([expect.stringContaining('the example is wrong: /role must be equal')]);
  });
});
