import type { Contract } from '../contract/domain-event.js';
import { asyncApiDocument } from './async-api.js';
import type { DescribedContract } from './described.contract.js';
import { ENVELOPE_SCHEMA } from './envelope.schema.js';

/** The path of the schema file of a contract inside the folder of the contract files. */
export const schemaFile = ({ type, version }: Pick<Contract, 'type' | 'version'>): string => `${type}/v${version}.schema.json`;
const exampleFile = ({ type, version }: Contract): string => `${type}/v${version}.example.json`;

/** Returns the type and version of a schema file, or undefined for another file. */
export function contractOfFile(path: string): { type: string; version: number } | undefined {
  const [, type, version] = /^([^/]+)\/v(\d+)\.schema\.json$/.exec(path) ?? [];
  return type === undefined ? undefined : { type, version: Number(version) };
}

/** True for a file that only this command writes, so that a file of a removed contract can be removed. */
export const isContractFile = (path: string): boolean => /^[^/]+\/v\d+\.(schema|example)\.json$/.test(path);

/** Returns the content of each contract file by its path inside the folder. */
export function contractFiles(described: readonly DescribedContract[], title: string): Map<string, string> {
  const files = new Map<string, string>();
  files.set('envelope.schema.json', json(ENVELOPE_SCHEMA));
  files.set('asyncapi.json', json(asyncApiDocument(described, title)));
  for (const { contract, schema, example } of described) {
    files.set(schemaFile(contract), json(schema));
    files.set(exampleFile(contract), json(example));
  }
  return files;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
