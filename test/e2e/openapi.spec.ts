import { readFileSync } from 'node:fs';
import { DOCUMENT_FILE } from '../support/openapi/document.js';
import { System } from '../support/system/system.js';

let system: System;

beforeAll(async () => {
  system = await System.start({ worker: false });
});
afterAll(() => system.stop());

const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${system.api.port}/api/v1/${path}`);

it('the api serves the committed OpenAPI document to anyone', async () => {
  const response = await get('openapi.json');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await response.json()).toEqual(JSON.parse(readFileSync(DOCUMENT_FILE, 'utf8')));
});

describe('the page of the document', () => {
  it('loads everything from the api, and its policy forbids other servers and inline code', async () => {
    const page = await get('docs');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none';script-src 'self';style-src 'self';/);
    const html = await page.text();
    expect(html).not.toMatch(/<style|style=|<script>|onload=|https?:/);
    const files = [...html.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, path]) => path!);
    expect(files).toEqual(['docs/swagger-ui.css', 'docs/swagger-ui-bundle.js', 'docs/start.js']);
    const answers = await Promise.all(files.map(get));
    expect(answers.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual([
      [200, 'text/css; charset=utf-8'],
      [200, 'text/javascript; charset=utf-8'],
      [200, 'text/javascript; charset=utf-8'],
    ]);
    const [, bundle, start] = await Promise.all(answers.map((answer) => answer.text()));
    expect(bundle).toContain('SwaggerUIBundle');
    expect(start).toContain("url: 'openapi.json'");
  });
});
