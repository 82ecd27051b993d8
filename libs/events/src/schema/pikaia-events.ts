#!/usr/bin/env node
import 'reflect-metadata';
import { PikaiaError } from '@pikaia/core';
import { parseArgs } from 'node:util';
import { checkContracts, writeDifferences, type ContractCheck } from './check-contracts.js';
import { describeContracts } from './described.contract.js';
import { importEvents } from './contract.modules.js';
import { readPublishedFiles, type PublishedFiles } from './published.files.js';

const USAGE = `pikaia-events check --module <file> [--module <file> …] [options]

Compares the contract files with the contract classes, and the classes with the published files.
Exit status: 0 if all is well, 1 if a file differs or a change is incompatible, 2 for wrong arguments.

  --module <file>     a compiled module that exports contract classes or consumers; repeat it for more
  --folder <folder>   the folder of the contract files (default: contracts)
  --document <file>   a Markdown document of all events, such as docs/events.md
  --title <text>      the title of the AsyncAPI document (default: Events)
  --base <revision>   the git revision whose files are published (default: the last commit)
  --write             writes the files, unless a change is incompatible`;

void main(process.argv.slice(2)).then((status) => (process.exitCode = status));

async function main(args: string[]): Promise<number> {
  try {
    if (args.includes('--help')) {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    const options = readArguments(args);
    const { contracts, consumers } = await importEvents(options.module);
    const described = describeContracts(contracts, consumers);
    const published = readPublishedFiles(options.folder, options.base);
    const check = checkContracts(described, published, options);
    return report(check, published, described.length, options.write);
  } catch (error) {
    if (!(error instanceof PikaiaError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return error.code === 'PIKAIA_ARGUMENTS_INVALID' ? 2 : 1;
  }
}

function readArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        module: { type: 'string', multiple: true, default: [] },
        folder: { type: 'string', default: 'contracts' },
        document: { type: 'string' },
        title: { type: 'string', default: 'Events' },
        base: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    });
    if (positionals.join(' ') !== 'check') throw new Error('The only command is check.');
    if (!values.module.length) throw new Error('--module is missing.');
    const empty = Object.entries(values).find(([, value]) => [value].flat().includes(''));
    if (empty) throw new Error(`--${empty[0]} is empty.`);
    return values;
  } catch (error) {
    throw new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `${(error as Error).message}\n\n${USAGE}`, { cause: error });
  }
}

function report(check: ContractCheck, published: PublishedFiles, count: number, isWriting: boolean): number {
  const { refusals, warnings, differences } = check;
  for (const warning of warnings) process.stderr.write(`Warning: ${warning}\n`);
  if (refusals.length)
    throw new PikaiaError(
      'PIKAIA_EVENT_CONTRACT_INCOMPATIBLE',
      [`these changes break the published contracts (${published.origin}):`, ...refusals].join('\n- '),
    );
  if (isWriting) writeDifferences(check);
  for (const [path, content] of differences) {
    if (isWriting) process.stdout.write(`${content === undefined ? 'Removed' : 'Wrote'} ${path}.\n`);
    else
      process.stderr.write(`${path} ${content === undefined ? 'has no contract class' : 'differs from the contract classes'}.\n`);
  }
  if (differences.size && !isWriting) {
    process.stderr.write('Run the same command with --write, and commit the files.\n');
    return 1;
  }
  process.stdout.write(
    `${count === 1 ? '1 contract is' : `${count} contracts are`} compatible with the published ones (${published.origin}).\n`,
  );
  return 0;
}
