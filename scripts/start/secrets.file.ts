import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { varDirectory } from './folders.ts';
import { PlainError } from './plain-error.ts';

const PATH = join(varDirectory, 'secrets.json');
const NAMES = ['databaseOwner', 'databaseApi', 'databaseWorker', 'invitation'] as const;

export type Secrets = Readonly<Record<(typeof NAMES)[number], string>>;

/** The secrets of the development system of this folder. Generated once, in a file that only its owner can read. */
export function developmentSecrets(): Secrets {
  const known = read();
  const all = Object.fromEntries(NAMES.map((name) => [name, known[name] ?? randomBytes(24).toString('base64url')])) as Secrets;
  if (NAMES.some((name) => !known[name])) {
    writeFileSync(`${PATH}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${PATH}.new`, PATH); // atomic: a crash loses no password
  }
  return all;
}

function read(): Partial<Secrets> {
  try {
    const content: unknown = JSON.parse(readFileSync(PATH, 'utf8'));
    if (typeof content !== 'object' || content === null) throw new SyntaxError('it contains no object');
    return content;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new PlainError(
      `${PATH} cannot be read (${message}). It holds the passwords of the database in var/postgres: restore the file, or move the folder var away to start with an empty database.`,
    );
  }
}
