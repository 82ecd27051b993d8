import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { findIncompatibilities, type Incompatibility } from './compatibility.js';
import { contractFiles, contractOfFile, isContractFile, schemaFile } from './contract.files.js';
import type { DescribedContract } from './described.contract.js';
import { isPastTense } from './event-names.js';
import { eventsDocument } from './events.document.js';
import type { JsonSchema } from './json-schema.js';
import { readFolder, type PublishedFiles } from './published.files.js';

export interface CheckOptions {
  readonly folder: string;
  /** The Markdown document to generate. None by default. */
  readonly document?: string | undefined;
  /** The title of the AsyncAPI document. */
  readonly title: string;
}

export interface ContractCheck {
  /** One line for each incompatible change of a published contract. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
  /** The files that differ from the contract classes: the new content by path, or undefined if the file has no class. */
  readonly differences: ReadonlyMap<string, string | undefined>;
}

/** Compares the contract classes with the published files and with the files of the folder. */
export function checkContracts(
  described: readonly DescribedContract[],
  published: PublishedFiles,
  options: CheckOptions,
): ContractCheck {
  return {
    refusals: findRefusals(described, published),
    warnings: [...new Set(described.map(({ contract }) => contract.type))]
      .filter((type) => !isPastTense(type))
      .map((type) => `${type} is not in the past tense. Name what happened, such as member.invited.`),
    differences: findDifferences(described, options),
  };
}

/** Writes the differences of a check, and removes the files that no contract class has. */
export function writeDifferences({ differences }: ContractCheck): void {
  for (const [path, content] of differences) {
    if (content === undefined) rmSync(path);
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }
}

function findRefusals(described: readonly DescribedContract[], { files }: PublishedFiles): string[] {
  const current = new Map(described.map((each) => [schemaFile(each.contract), each.schema]));
  const refusals: string[] = [];
  const versions = [...current.keys(), ...files.keys()].flatMap((path) => contractOfFile(path) ?? []);
  for (const [path, text] of files) {
    const contract = contractOfFile(path);
    if (!contract) continue;
    const next = Math.max(...versions.filter(({ type }) => type === contract.type).map(({ version }) => version)) + 1;
    const schema = current.get(path);
    if (!schema && contract.version < oldestVersionOf(contract.type, described)) continue;
    const found: readonly Incompatibility[] = schema
      ? findIncompatibilities(JSON.parse(text) as JsonSchema, schema)
      : [{ field: 'the contract', rule: 'version-removed', reason: 'stored events of this version are still delivered' }];
    for (const { field, rule, reason } of found)
      refusals.push(`${contract.type} version ${contract.version}, ${field}: ${rule}. ${sentence(reason)} ${cureOf(rule, next)}`);
  }
  return refusals;
}

/** The oldest version of a type that can still be stored, as its newest version declares it. */
const oldestVersionOf = (type: string, described: readonly DescribedContract[]): number =>
  described.findLast(({ contract }) => contract.type === type)?.contract.oldestVersion ?? 1;

function cureOf(rule: Incompatibility['rule'], nextVersion: number): string {
  if (rule === 'version-removed')
    return 'Cure: restore its class, and name a module that exports it with --module. If none are stored any more, set oldestVersion in @DomainEvent of the newest version.';
  const publish = `publish version ${nextVersion} and add an upcaster`;
  return rule === 'required-field-added' ? `Cure: add @OptionalField(), or ${publish}.` : `Cure: undo the change, or ${publish}.`;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function findDifferences(described: readonly DescribedContract[], options: CheckOptions): Map<string, string | undefined> {
  const { folder, document, title } = options;
  const files = contractFiles(described, title);
  const existing = readFolder(folder);
  const differences = new Map<string, string | undefined>();
  for (const [path, content] of files) if (existing.get(path) !== content) differences.set(join(folder, path), content);
  for (const path of existing.keys())
    if (isContractFile(path) && !files.has(path)) differences.set(join(folder, path), undefined);
  if (document !== undefined) {
    const link = relative(dirname(document), folder).replaceAll(sep, '/') || '.';
    const text = eventsDocument(described, link);
    if (!existsSync(document) || readFileSync(document, 'utf8') !== text) differences.set(document, text);
  }
  return differences;
}
