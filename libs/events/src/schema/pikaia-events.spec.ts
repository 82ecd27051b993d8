import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CHILD_ENVIRONMENT } from '../../../../test/support/jest/child.environment.js';

const root = resolve(__dirname, '../../../..');
const BIN = join(root, 'libs/events/dist/schema/pikaia-events.js');
const SCHEMA = 'contracts/order.placed/v1.schema.json';
const ORDER = { total_cents: ['IsInt()'], note: ['OptionalField()', 'IsString()'] };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pikaia-contracts-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true })); // only the folder from mkdtemp

/** Writes a compiled module with one contract and a consumer of it. */
function writeModule(
  fields: Readonly<Record<string, readonly string[]>>,
  type = 'order.placed',
  versions = '{ version: 1 }',
): void {
  const decorators = Object.entries(fields).flatMap(([name, rules]) =>
    rules.map((rule) => `${rule}(OrderPlaced.prototype, '${name}');`),
  );
  writeFileSync(
    join(folder, 'shop.mjs'),
    `import { Consumer, DomainEvent, Handles, OptionalField } from '@pikaia/events';
     import { IsIn, IsInt, IsString, Min } from 'class-validator';
     export class OrderPlaced {}
     ${decorators.join('\n')}
     DomainEvent('${type}', { ...${versions}, aggregate: 'order', producer: 'shop' })(OrderPlaced);
     export class Billing { charge() {} }
     Handles(OrderPlaced, { effect: 'database' })(Billing.prototype, 'charge', {});
     Consumer('billing', { from: 'now' })(Billing);
     export const limit = 3;`,
  );
}

function check(...options: string[]): { status: number | null; output: string } {
  const args = [BIN, 'check', '--module', 'shop.mjs', ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: environment() });
  return { status, output: stdout + stderr };
}

const environment = () => ({ ...CHILD_ENVIRONMENT, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' });
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: folder,
    env: environment(),
    stdio: 'pipe',
  });
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

function publish(): void {
  writeModule(ORDER);
  git('init', '--quiet', '--initial-branch=main');
  expect(check('--write').status).toBe(0);
  commit();
}

function commit(): void {
  git('add', '--all', '--', '.', ':!node_modules');
  git('commit', '--quiet', '--message=contracts');
}

describe('pikaia-events check', () => {
  it('writes the files of each contract, and then finds no difference', () => {
    writeModule(ORDER);
    expect(check('--document', 'docs/events.md').output).toContain('docs/events.md differs');
    const written = check('--document', 'docs/events.md', '--title', 'Shop', '--write');
    expect(written).toEqual({ status: 0, output: expect.stringContaining(`Wrote ${SCHEMA}.`) });
    expect(check('--document', 'docs/events.md', '--title', 'Shop').status).toBe(0);
    expect(JSON.parse(read(SCHEMA))).toMatchObject({ required: ['total_cents'], additionalProperties: false });
    expect(JSON.parse(read('contracts/order.placed/v1.example.json'))).toMatchObject({
      event_type: 'order.placed',
      data: { total_cents: 42 },
    });
    expect(JSON.parse(read('contracts/asyncapi.json'))).toMatchObject({
      info: { title: 'Shop' },
      operations: { 'shop.sends.order.placed': { action: 'send' }, 'billing.receives.order.placed': { action: 'receive' } },
    });
    expect(read('docs/events.md')).toContain('| `order.placed` | [1](#orderplaced-version-1) | `shop` | `billing` |');
    expect(read('docs/events.md')).toContain('(../contracts/order.placed/v1.schema.json)');
  });

  it('refuses an incompatible change, names the field, the rule and the cure, and writes nothing', () => {
    publish();
    const before = read(SCHEMA);
    writeModule({ ...ORDER, currency: ['IsString()'] });
    const refused = check('--write');
    expect(refused.status).toBe(1);
    expect(refused.output).toContain('PIKAIA_EVENT_CONTRACT_INCOMPATIBLE');
    expect(refused.output).toContain('order.placed version 1, currency: required-field-added.');
    expect(refused.output).toContain('add @OptionalField(), or publish version 2 and add an upcaster.');
    expect(read(SCHEMA)).toBe(before);
  });

  it('asks to write the files of a compatible change', () => {
    publish();
    writeModule({ ...ORDER, currency: ['OptionalField()', 'IsString()'] });
    expect(check()).toEqual({ status: 1, output: expect.stringMatching(/v1\.schema\.json differs[^]*--write/) });
    expect(check('--write').status).toBe(0);
    expect(check().status).toBe(0);
  });

  it('lets a field change until it is committed', () => {
    publish();
    writeModule({ ...ORDER, currency: ['OptionalField()', 'IsString()'] });
    check('--write');
    writeModule({ ...ORDER, currency: ['OptionalField()', 'IsIn(["EUR"])'] });
    expect(check('--write').status).toBe(0);
    commit();
    writeModule({ ...ORDER, currency: ['OptionalField()', 'IsIn(["EUR", "USD"])'] });
    expect(check('--write').output).toContain('currency: value-added.');
  });

  it('compares with the revision of --base, so a contract of a branch can change until the branch is merged', () => {
    publish();
    git('checkout', '--quiet', '-b', 'feature');
    writeModule({ ...ORDER, currency: ['OptionalField()', 'IsIn(["EUR"])'] });
    check('--write');
    commit();
    writeModule({ ...ORDER, currency: ['OptionalField()', 'IsIn(["EUR", "USD"])'] });
    expect(check('--write').status).toBe(1);
    expect(check('--write', '--base', 'main').status).toBe(0);
    writeModule({ total_cents: ['IsInt()'] });
    expect(check('--base', 'main').output).toContain('note: field-removed.');
    expect(check('--base', 'nowhere')).toEqual({
      status: 2,
      output: expect.stringContaining('--base nowhere is not a revision'),
    });
  });

  it('finds a change that was committed together with its file only with --base', () => {
    publish();
    git('checkout', '--quiet', '-b', 'feature');
    writeModule({ total_cents: ['IsInt()'] });
    check('--write', '--base', git('commit-tree', '-m', 'empty', git('mktree').toString().trim()).toString().trim());
    commit();
    expect(check().status).toBe(0);
    expect(check('--base', 'main').output).toContain('note: field-removed.');
  });

  it('refuses to remove or rename a published contract, and removes the files of one that was not published', () => {
    publish();
    writeModule(ORDER, 'order.sent');
    expect(check('--write').output).toContain('order.placed version 1, the contract: version-removed.');
    writeModule(ORDER);
    git('update-ref', '-d', 'HEAD');
    rmSync(join(folder, '.git'), { recursive: true });
    git('init', '--quiet', '--initial-branch=main');
    git('commit', '--quiet', '--allow-empty', '--message=nothing is published');
    writeModule(ORDER, 'order.sent');
    expect(check('--write').output).toContain(`Removed ${SCHEMA}.`);
    expect(existsSync(join(folder, SCHEMA))).toBe(false);
    expect(check().status).toBe(0);
  });

  it('lets a version be removed if the newest version says that none of its events are stored', () => {
    publish();
    writeModule(ORDER, 'order.placed', '{ version: 2 }');
    expect(check('--write').output).toContain('set oldestVersion in @DomainEvent of the newest version.');
    writeModule(ORDER, 'order.placed', '{ version: 2, oldestVersion: 2 }');
    expect(check('--write')).toEqual({ status: 0, output: expect.stringContaining(`Removed ${SCHEMA}.`) });
  });

  it('takes the files of the folder as published if there is no git commit', () => {
    writeModule(ORDER);
    check('--write');
    writeModule({ total_cents: ['IsString()'], note: ORDER.note });
    expect(check('--write').output).toMatch(/there is no git commit[^]*total_cents: type-changed\./);
  });

  it('finds a file that was edited by hand', () => {
    publish();
    writeFileSync(join(folder, SCHEMA), read(SCHEMA).replace('integer', 'number'));
    expect(check()).toEqual({ status: 1, output: expect.stringContaining(`${SCHEMA} differs`) });
  });

  it('warns about a type that is not in the past tense, and passes', () => {
    writeModule(ORDER, 'order.place');
    expect(check('--write')).toEqual({
      status: 0,
      output: expect.stringContaining('Warning: order.place is not in the past tense.'),
    });
  });

  it.each([
    ['an unknown option', ['--force'], '--force'],
    ['an empty option', ['--base', ''], '--base is empty'],
    ['a module that does not exist', ['--module', 'nowhere.mjs'], 'There is no module nowhere.mjs'],
    ['another command', ['write'], 'The only command is check'],
  ])('refuses %s with the exit status 2', (_, options, message) => {
    writeModule(ORDER);
    expect(check(...options)).toEqual({ status: 2, output: expect.stringContaining(message) });
  });

  it('refuses modules without contracts', () => {
    writeFileSync(join(folder, 'shop.mjs'), 'export const limit = 3;');
    expect(check()).toEqual({ status: 2, output: expect.stringContaining('exports no class with @DomainEvent') });
  });

  it('stops at a decorator without a schema', () => {
    writeModule({ total_cents: ['Min("1")'] });
    expect(check()).toEqual({
      status: 1,
      output: expect.stringMatching(/PIKAIA_EVENT_SCHEMA_UNSUPPORTED: .*OrderPlaced\.total_cents: @Min/),
    });
  });

  it('shows its options', () => {
    expect(spawnSync(process.execPath, [BIN, '--help'], { encoding: 'utf8' }).stdout).toContain('--module <file>');
  });
});
