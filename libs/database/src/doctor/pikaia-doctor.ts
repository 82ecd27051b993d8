#!/usr/bin/env node
import 'reflect-metadata';
import { PikaiaError } from '@pikaia/core';
import { errorMessage } from '@pikaia/logging';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { examine } from './doctor.js';
import { reportText } from './report.text.js';

const USAGE = `pikaia-doctor [options]

Checks an installation of Pikaia: the database that DATABASE_URL names, the roles, the migrations, the outbox and the audit log.
It only reads. Run it with the environment of the process that you want to check. As the owner of the database it also sees
which migrations have run.

Exit status: 0 if nothing failed, also with warnings; 1 if a check failed; 2 for wrong arguments.

  --settings <file>   reads settings from a file such as .env; the environment has precedence
  --module <file>     a compiled module that exports the application's migrations or consumers, which are then checked too;
                      repeat it for more
  --json              prints the results as JSON
  --help              prints this text`;

void main(process.argv.slice(2)).then(({ status, out = '', error = '' }) => {
  process.exitCode = status;
  if (error) process.stderr.write(`${error}\n`);
  // Connections of a library or an exported module must not keep the process alive.
  if (out) process.stdout.write(`${out}\n`, () => process.exit());
  else process.exit();
});

async function main(args: string[]): Promise<{ status: number; out?: string; error?: string }> {
  if (args.includes('--help')) return { status: 0, out: USAGE };
  try {
    const options = readArguments(args);
    if (options.settings !== undefined) loadEnvironment(options.settings);
    const exported = await importFunctions(options.module);
    const report = await examine({ environment: process.env, folder: process.cwd(), exported });
    const isColored = process.stdout.isTTY && !process.env['NO_COLOR'];
    const out = options.json ? JSON.stringify(report, null, 2) : reportText(report, isColored);
    return { status: report.status === 'failed' ? 1 : 0, out };
  } catch (error) {
    if (!(error instanceof PikaiaError)) return { status: 1, error: errorMessage(error) };
    return { status: 2, error: `${error.code}: ${error.message}` };
  }
}

function readArguments(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        settings: { type: 'string' },
        module: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
    });
    const empty = Object.entries(values).find(([, value]) => [value].flat().includes(''));
    if (empty) throw new Error(`--${empty[0]} is empty.`);
    return values;
  } catch (error) {
    throw new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `${(error as Error).message}\n\n${USAGE}`, { cause: error });
  }
}

function loadEnvironment(file: string): void {
  try {
    process.loadEnvFile(file);
  } catch (error) {
    throw new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `The file ${file} cannot be read: ${errorMessage(error)}.`, {
      cause: error,
    });
  }
}

/** The classes and functions that compiled modules export, also inside lists. */
async function importFunctions(paths: readonly string[]): Promise<Function[]> {
  const found = new Set<Function>();
  for (const path of paths) {
    if (!existsSync(path)) throw new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `There is no module ${path}. Compile it first.`);
    const exported = (await importModule(path)) as Readonly<Record<string, unknown>>;
    const values = [...Object.values(exported), ...Object.values(exported['default'] ?? {})];
    for (const value of values.flat()) if (typeof value === 'function') found.add(value);
  }
  return [...found];
}

async function importModule(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `The module ${path} cannot be loaded: ${errorMessage(error)}.`, {
      cause: error,
    });
  }
}
