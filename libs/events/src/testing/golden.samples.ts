import { PikaiaError } from '@pikaia/core';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readData } from '../consume/event.parser.js';
import { contractOf, knownContracts, type Contract } from '../contract/domain-event.js';
import { upcasterOf, type VersionPath } from '../contract/upcast.decorator.js';

/** One sample of an old version: the data as it was published, and the data that its upcaster returns. */
interface GoldenSample {
  readonly stored: object;
  /** Absent if the version has no upcaster. */
  readonly upcast?: object;
}

/**
 * Checks the golden samples of each old version: every version that this process knows, except the newest of each type. They are in
 * `<folder>/<type>/v<version>.golden.json`, a list of `{ "stored": …, "upcast": … }`. The stored data must be readable, and its upcaster
 * must return exactly the data of the sample. A change of a contract or an upcaster that would change what consumers receive from
 * stored events then fails a test.
 *
 * Import the contracts before, for example by the entry point of their package.
 *
 * @param folder the folder `contracts` of the repository.
 * @returns one text for each problem, with its cure.
 */
export async function findGoldenSampleProblems(folder: string): Promise<string[]> {
  const contracts = knownContracts();
  const old = contracts.filter(({ type, version }, index) => {
    const newest = contracts.findLast((contract) => contract.type === type)!;
    return contracts[index] !== newest && version >= (newest.oldestVersion ?? 1);
  });
  return (await Promise.all(old.map((contract) => problemsOf(folder, contract)))).flat();
}

async function problemsOf(folder: string, contract: Contract): Promise<string[]> {
  const file = `${contract.type}/v${contract.version}.golden.json`;
  const problem = (text: string): string => `${file}: ${text}.`;
  const path = join(folder, file);
  if (!existsSync(path)) {
    const sample = upcasterOf(contract) ? '[{ "stored": { … }, "upcast": { … } }]' : '[{ "stored": { … } }]';
    return [problem(`the file is missing. Write data that this version published: ${sample}`)];
  }
  const samples = readSamples(path);
  if (!samples) return [problem('it must be a list of at least one object with "stored"')];
  const found = await Promise.all(samples.map((sample) => problemOf(contract, sample)));
  return found.flatMap((text, index) => (text === undefined ? [] : [problem(`sample ${index + 1} ${text}`)]));
}

function readSamples(path: string): GoldenSample[] | undefined {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // the caller says what the file must contain
  }
  const isSample = (sample: unknown): sample is GoldenSample =>
    typeof sample === 'object' &&
    sample !== null &&
    'stored' in sample &&
    typeof sample.stored === 'object' &&
    sample.stored !== null;
  return Array.isArray(content) && content.length && content.every(isSample) ? content : undefined;
}

async function problemOf(contract: Contract, { stored, upcast }: GoldenSample): Promise<string | undefined> {
  const upcaster = upcasterOf(contract);
  const path: VersionPath = {
    stored: contract,
    steps: upcaster ? [upcaster] : [],
    wanted: upcaster ? contractOf(upcaster.to) : contract,
  };
  let data: object;
  try {
    data = await readData(path, stored);
  } catch (error) {
    if (error instanceof PikaiaError) return `cannot be read any more: ${error.message.replace(/\.$/, '')}`;
    throw error;
  }
  if (!upcaster) return upcast && 'has "upcast", but its version has no upcaster: remove it';
  const result: unknown = JSON.parse(JSON.stringify(data));
  return isDeepStrictEqual(result, upcast)
    ? undefined
    : `differs: ${upcaster.name} returns ${JSON.stringify(result)}. If this is how stored events should be read, write it to "upcast"`;
}
