import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Installation } from './installation.js';

const SETUP_LIMIT_MS = 240_000; // the registry can be slow

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.create(['core', 'logging', 'database', 'events', 'audit']);
}, SETUP_LIMIT_MS);
afterAll(() => installation?.remove());

const read = (path: string): string => readFileSync(join(installation.folder, path), 'utf8');
const check = (options: readonly string[], environment = {}) =>
  installation.command(
    'pikaia-events',
    ['check', '--module', 'contracts.cjs', '--document', 'events.md', ...options],
    environment,
  );

it.each(['core', 'logging', 'database', 'events', 'audit'])('the package of %s contains its guide and the license', (name) => {
  const root = resolve(__dirname, '../..');
  const contents = (folder: string) => ['README.md', 'LICENSE'].map((file) => readFileSync(join(folder, file), 'utf8'));
  const [guide] = contents(join(root, 'libs', name));
  const [, license] = contents(root);
  expect(contents(join(installation.folder, 'node_modules/@pikaia', name))).toEqual([guide, license]);
});

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

it(
  'the packed audit library declares an action with an event, and its types refuse every other use of the action',
  async () => {
    const code = `import { type Audit, auditAction, Audited, diff } from '@pikaia/audit';
class OrderShipped { number = 1; }
class Order { id = ''; number = 1; }
class Invoice { id = ''; total = 1; }
const shipped = auditAction('order.shipped', { aggregate: Order, changes: 'required', event: OrderShipped, description: 'Shipped.' });
const seen = auditAction('order.seen', { aggregate: 'order', changes: 'none', description: 'Seen.' });
export async function ship(audit: Audit, order: Order, invoice: Invoice) {
  Audited(shipped, seen);
  await audit.record(shipped, order, diff(null, order));
  await audit.record(seen, { type: 'order', id: order.id });
`;
    const refused = [
      `await audit.record('order.shipped', order, diff(null, order));`,
      `await audit.record(shipped, invoice, diff(null, invoice));`,
      `await audit.record(shipped, order);`,
      `await audit.record(seen, { type: 'order', id: '1' }, diff(null, order));`,
      `await audit.record(seen, { type: 'invoice', id: '1' });`,
      `Audited('order.shipped');`,
    ];
    const firstLine = code.split('\n').length;
    const problems = await installation.compile('audited.mts', `${code}${refused.join('\n')}\n}`);
    expect(problems.filter((line) => line.startsWith('audited.mts')).map((line) => Number(/\((\d+),/.exec(line)![1]))).toEqual(
      refused.map((_, index) => firstLine + index),
    );
  },
  SETUP_LIMIT_MS,
);
