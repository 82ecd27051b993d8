import { PikaiaError } from '@pikaia/core';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

/** The contract files that count as published. */
export interface PublishedFiles {
  /** Where they come from, for messages. */
  readonly origin: string;
  /** The content by the path inside the folder. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads the published contract files from a git revision: `base`, or else the last commit. Without a repository or a commit, the
 * files of the folder count as published.
 *
 * @throws PikaiaError `PIKAIA_ARGUMENTS_INVALID` if `base` is not a revision.
 */
export function readPublishedFiles(folder: string, base?: string): PublishedFiles {
  const revision = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${base ?? 'HEAD'}^{commit}`)?.trim();
  if (revision) return { origin: base ?? 'the last commit', files: filesOfRevision(folder, revision) };
  if (base !== undefined)
    throw new PikaiaError(
      'PIKAIA_ARGUMENTS_INVALID',
      `--base ${base} is not a revision of this git repository. Fetch it first, for example: git fetch --depth=1 origin main.`,
    );
  return { origin: 'the files in the folder, because there is no git commit', files: readFolder(folder) };
}

/** Reads all files of a folder by their path inside it. A folder that does not exist has no files. */
export function readFolder(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [relative(folder, path).replaceAll(sep, '/'), readFileSync(path, 'utf8')]));
}

function filesOfRevision(folder: string, revision: string): Map<string, string> {
  const at = relative(process.cwd(), resolve(folder)).replaceAll(sep, '/') || '.';
  const names = git('ls-tree', '-r', '-z', '--name-only', revision, '--', at)?.split('\0').filter(Boolean) ?? [];
  const inFolder = names.filter((name) => name.endsWith('.schema.json'));
  return new Map(
    inFolder.map((name) => [at === '.' ? name : name.slice(at.length + 1), git('show', `${revision}:./${name}`) ?? '']),
  );
}

/** Returns the output of a git command, or undefined if it fails or git is not installed. */
function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return status === 0 ? stdout : undefined;
}
