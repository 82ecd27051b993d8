import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Installation } from './installation.js';

const SETUP_LIMIT_MS = 240_000; // the registry can be slow

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.create(['core', 'logging', 'database', 'events']);
}, SETUP_LIMIT_MS);
afterAll(() => installation?.remove());

const read = (path: string): string => readFileSync(join(installation.folder, path), 'utf8');
const check = (options: readonly string[], environment = {}) =>
  installation.command(
    'pikaia-events',
    ['check', '--module', 'contracts.cjs', '--document', 'events.md', ...options],
    environment,
  );

it('a new application writes and checks the files of its contracts with the command pikaia-events', async () => {
  expect(await check([])).toEqual({ status: 1, output: expect.stringContaining('--write') });
  expect(await check(['--write'])).toEqual({
    status: 0,
    output: expect.stringContaining('Wrote contracts/order.placed/v1.schema.json.'),
  });
  expect(await check([])).toEqual({ status: 0, output: expect.stringContaining('1 contract is compatible') });
  expect(JSON.parse(read('contracts/order.placed/v1.schema.json'))).toMatchObject({
    properties: { total_cents: { type: 'integer', minimum: 0 }, note: { type: 'string' } },
    required: ['total_cents'],
    additionalProperties: false,
  });
  expect(JSON.parse(read('contracts/order.placed/v1.example.json'))).toMatchObject({ data: { total_cents: 42 } });
  expect(read('events.md')).toContain('| `total_cents` | integer, at least 0 | yes | no | The sum of all lines. |');
  expect(read('events.md')).toContain('- Consumers: `billing`');
});

it('the command refuses an incompatible change of the application’s contract', async () => {
  await check(['--write']);
  const refused = await check(['--write'], { NOTE: 'required' });
  expect(refused.status).toBe(1);
  expect(refused.output).toContain('order.placed version 1, note: field-made-required.');
  expect(refused.output).toContain('publish version 2 and add an upcaster');
});
