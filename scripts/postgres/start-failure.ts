import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlainError } from '../start/plain-error.ts';
import { diskRemedy } from '../setup/disk-errors.mjs';

/** Messages of PostgreSQL and the error code of the operating system that causes each. */
const DISK_ERRORS = [
  [/No space left on device/, 'ENOSPC'],
  [/Disk quota exceeded/, 'EDQUOT'],
  [/Read-only file system/, 'EROFS'],
  [/Permission denied/, 'EACCES'],
] as const;
const REASON = /(FATAL|PANIC|ERROR|error):/;
const ADVICE = /(DETAIL|HINT):/;

/** Why `initdb` or `postgres` ended, in one line that says what to do. */
export function startFailure(
  program: 'initdb' | 'postgres',
  how: string,
  lines: readonly string[],
  directory: string,
): PlainError {
  const output = lines.join('\n');
  const reason = (lines.find((line) => REASON.test(line)) ?? lines.findLast((line) => line.trim()) ?? how).trim();
  for (const [pattern, code] of DISK_ERRORS) if (pattern.test(output)) return new PlainError(diskRemedy(code, reason)!);
  if (/database files are incompatible with server/.test(output)) return versionError(directory, output);
  if (/could not find the database system|lacks? pg_control|invalid data in file|is not a valid data directory/.test(output))
    return incompleteError(directory);
  if (/pre-existing shared memory|lock file ".*" already exists/.test(output))
    return new PlainError(`Another PostgreSQL uses the data in ${directory}. Stop it, then repeat the command (${reason}).`);
  const address = lines.find((line) => line.includes('Address already in use'));
  if (address)
    return new PlainError(`Another program uses the port of PostgreSQL. Stop it, then repeat the command (${address}).`);
  const advice = lines.find((line) => ADVICE.test(line));
  return new PlainError(
    `${program === 'initdb' ? 'initdb failed' : 'PostgreSQL did not start'} (${how}): ${reason}${advice ? ` ${advice.trim()}` : ''}`,
  );
}

/** For a folder that has data, but not those of a complete cluster. Nothing is deleted: the data can be of value. */
export const incompleteError = (directory: string): PlainError =>
  new PlainError(
    `${directory} is not a complete PostgreSQL data folder. Restore it, or move it away to start with an empty database.`,
  );

function versionError(directory: string, output: string): PlainError {
  const theirs = readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim();
  const ours = /this version (\d+)/.exec(output)?.[1] ?? 'another version';
  return new PlainError(
    `${directory} holds data of PostgreSQL ${theirs}, and this is PostgreSQL ${ours}. Move the folder away to start with an empty database, or dump its data with PostgreSQL ${theirs} first.`,
  );
}
