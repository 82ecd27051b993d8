import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { varDirectory } from './folders.mjs';

const PATH = join(varDirectory, 'secrets.json');
const NAMES = ['databaseOwner', 'databaseApi', 'databaseWorker', 'invitation'];

/** The secrets of the development system of this folder. Generated once, in a file that only its owner can read. */
export function developmentSecrets() {
  const known = read();
  const all = Object.fromEntries(NAMES.map((name) => [name, known[name] ?? randomBytes(24).toString('base64url')]));
  if (NAMES.some((name) => !known[name])) {
    writeFileSync(`${PATH}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${PATH}.new`, PATH); // atomic: a crash loses no password
  }
  return all;
}

function read() {
  try {
    return JSON.parse(readFileSync(PATH, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw new Error(`${PATH} cannot be read (${error.message}).`, { cause: error });
  }
}
