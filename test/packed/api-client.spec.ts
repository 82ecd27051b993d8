import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DOCUMENT_FILE } from '../support/openapi/document.js';
import { System } from '../support/system/system.js';
import { Installation, versionOf } from './installation.js';

const SETUP_LIMIT_MS = 180_000; // the registry can be slow
const PROGRAM = 'api-client.mts';

let installation: Installation;
let system: System;

beforeAll(async () => {
  [installation, system] = await Promise.all([
    Installation.create([], [`openapi-fetch@${versionOf('openapi-fetch')}`]),
    System.start(),
  ]);
  copyFileSync(DOCUMENT_FILE, join(installation.folder, 'openapi.json'));
  const generator = resolve(__dirname, '../../node_modules/.bin/openapi-typescript');
  execFileSync(generator, ['openapi.json', '--output', 'api.d.ts'], { cwd: installation.folder, stdio: 'pipe' });
}, SETUP_LIMIT_MS);
afterAll(async () => {
  await Promise.all([installation?.remove(), system?.stop()]);
});

const code = readFileSync(join(__dirname, PROGRAM), 'utf8');

it('a client that is written from the OpenAPI document alone compiles, and a wrong call does not', async () => {
  expect(await installation.compile('wrong.mts', code.replace("role: 'admin'", "role: 'owner'"))).toEqual([
    expect.stringMatching(/^wrong\.mts\(\d+,\d+\): error TS2322: Type '"owner"' is not assignable/),
  ]);
  expect(await installation.compile(PROGRAM, code)).toEqual([]);
});

it('the client invites, changes, lists and removes a member, and reads the problem of a refused request', async () => {
  const program = installation.run(PROGRAM, {
    API_URL: `http://127.0.0.1:${system.api.port}`,
    TOKEN: await system.token('alice@example.com'),
  });
  expect(await program.exited).toBe(0);
  expect(program.lines).toEqual([
    {
      status: 'invited',
      role: 'admin',
      emails: expect.arrayContaining(['alice@example.com', 'carol@example.com', 'packed@example.com']),
      problem: 'urn:pikaia:problem:invalid',
      fields: ['email'],
      removed: 204,
    },
  ]);
});
