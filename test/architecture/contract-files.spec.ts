import * as contracts from '@pikaia/contracts';
import { parseEvent, type ContractClass } from '@pikaia/events';
import { CONSUMERS } from '@pikaia/reactions';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findContractOf, type Contract } from '../../libs/events/src/contract/domain-event.js';
import { readEvent } from '../../libs/events/src/consume/event.reader.js';
import { checkData } from '../../libs/events/src/record/event-data.js';
import { checkContracts } from '../../libs/events/src/schema/check-contracts.js';
import { describeContracts } from '../../libs/events/src/schema/described.contract.js';
import { hasLongForeignAddress, mutationsOf, valuesOf, type Schema } from '../support/contracts/schema.arbitrary.js';

const root = resolve(__dirname, '../..');
const folder = join(root, 'contracts');
const readJson = (path: string): Schema => JSON.parse(readFileSync(join(folder, path), 'utf8')) as Schema;

const own = Object.values(contracts).flatMap((value) => (typeof value === 'function' ? (findContractOf(value) ?? []) : []));
const named = own.map((contract): [string, Contract] => [`${contract.type}/v${contract.version}`, contract]);
const ajv = new Ajv2020({ strict: true });
const acceptsEnvelope = ajv.compile(readJson('envelope.schema.json'));

function accepts(contract: Contract, data: unknown): boolean {
  try {
    checkData(contract, data);
    return true;
  } catch {
    return false;
  }
}

/** The app in which a library publishes. */
const APP_OF_LIBRARY: Readonly<Record<string, string>> = { webhooks: 'outbox-worker' };

/** The classes that a source file publishes, each with the name of the app. */
const publishedIn = (file: string, source: string): [string, string][] => {
  const name = file.split('/')[1]!;
  return [...source.matchAll(/\.publish\(\s*(\w+),/g)].map(([, contract]) => [contract!, APP_OF_LIBRARY[name] ?? name]);
};

describe('the contract files of the example', () => {
  it('are those of the classes (to update them, run: npm run events:check -- --write)', () => {
    const described = describeContracts(own, CONSUMERS);
    const published = {
      origin: 'the folder',
      files: new Map(
        globSync('*/*.schema.json', { cwd: folder }).map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
      ),
    };
    const { differences, refusals, warnings } = checkContracts(described, published, { folder, title: 'Pikaia example' });
    expect([[...differences.keys()], refusals, warnings]).toEqual([[], [], []]);
    expect(published.files.size).toBe(own.length);
  });

  it.each(named)('accept the same data as publish: %s', (path, contract) => {
    const schema = readJson(`${path}.schema.json`);
    const validate = ajv.compile(schema);
    const valid = valuesOf(schema);
    let refused = 0;
    fc.assert(
      fc.property(valid, valid.chain(mutationsOf), (value, mutated) => {
        fc.pre(![value, mutated].some(hasLongForeignAddress));
        expect([value, validate(value), accepts(contract, value)]).toEqual([value, true, true]);
        const isAccepted = accepts(contract, mutated);
        if (!isAccepted) refused++;
        expect([mutated, validate(mutated)]).toEqual([mutated, isAccepted]);
      }),
      { numRuns: 1_000, seed: 29 },
    );
    expect(refused).toBeGreaterThan(300);
  });

  it.each(named)('have an example that a consumer can read: %s', async (path, contract) => {
    const example = readJson(`${path}.example.json`);
    expect(acceptsEnvelope(example)).toBe(true);
    expect(ajv.validate(readJson(`${path}.schema.json`).$id as string, example['data'])).toBe(true);
    const event = await parseEvent(contract.data as ContractClass, example);
    expect(event.data).toBeInstanceOf(contract.data);
  });

  it('describe the envelope as consumers read it', () => {
    const example = readJson('member.invited/v1.example.json');
    const readable = (event: unknown) => {
      try {
        readEvent(event);
        return true;
      } catch {
        return false;
      }
    };
    const required = Object.keys(example).filter((name) => {
      const { [name]: _, ...rest } = example;
      return !readable(rest);
    });
    expect(required.toSorted()).toEqual((readJson('envelope.schema.json')['required'] as string[]).toSorted());
    for (const name of required) expect(acceptsEnvelope({ ...example, [name]: 7 })).toBe(readable({ ...example, [name]: 7 }));
    expect([acceptsEnvelope({ ...example, added_later: 1 }), readable({ ...example, added_later: 1 })]).toEqual([true, true]);
  });

  it('name the service that publishes each event', () => {
    const files = globSync(['apps/*/src/**/*.ts', 'libs/webhooks/src/**/*.ts'], {
      cwd: root,
      exclude: (path) => path.endsWith('.spec.ts'),
    });
    const published = files.flatMap((file) => publishedIn(file, readFileSync(join(root, file), 'utf8')));
    const distinct = [...new Map(published.map((one) => [one.join(), one])).values()]; // several places can publish a type
    const declared = Object.entries(contracts).flatMap(([name, value]): [string, string][] => {
      const producer = typeof value === 'function' ? findContractOf(value)?.producer : undefined;
      return producer === undefined ? [] : [[name, producer]];
    });
    expect(declared.toSorted()).toEqual(distinct.toSorted());
    expect(publishedIn('apps/shop/src/a.ts', 'await this.events.publish(\n  OrderPlaced,\n  order, {})')).toEqual([
      ['OrderPlaced', 'shop'],
    ]);
  });
});
