import { appendFileSync, chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type PostgresServer } from '../../scripts/postgres.mjs';
import type { TestDatabaseServer } from './database-server.js';

/** A replica made from a stopped copy of a server, which it follows until the line is cut. */
export class StandbyServer {
  private constructor(
    readonly server: PostgresServer,
    private readonly directory: string,
    private readonly watcher: pg.Client,
  ) {}

  /** Stops the primary for as long as the copy takes. `through`: the way on which the standby reaches it. */
  static async of(primary: TestDatabaseServer, through: (url: string) => string): Promise<StandbyServer> {
    const directory = mkdtempSync(join(tmpdir(), 'pikaia-standby-'));
    chmodSync(directory, 0o711);
    const data = join(directory, 'data');
    await primary.server.stop();
    cpSync(primary.server.directory, data, { recursive: true });
    writeFileSync(join(data, 'standby.signal'), '');
    const { hostname, port, username, password } = new URL(through(primary.ownerUrl));
    const line = `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`;
    appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${line}'\n`);
    copyOwner(primary.server.directory, data);
    await primary.server.start();
    const server = await startPostgres(data, {
      owner: username,
      password: decodeURIComponent(password),
      settings: [...primary.settings, 'wal_retrieve_retry_interval=100ms'],
    });
    const watcher = new pg.Client({ connectionString: server.url });
    await watcher.connect();
    return new StandbyServer(server, directory, watcher);
  }

  /** Whether it has all that the primary has written so far. */
  async hasReached(position: string): Promise<boolean> {
    const { rows } = await this.watcher.query<{ reached: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as reached', [
      position,
    ]);
    return rows[0]!.reached;
  }

  /** Becomes the primary with what it has. */
  async promote(): Promise<void> {
    await this.watcher.query('select pg_promote()');
  }

  async drop(): Promise<void> {
    await this.watcher.end();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true }); // what mkdtemp returned
  }
}

/** PostgreSQL refuses data that are not its own, or that others may read. */
function copyOwner(original: string, directory: string): void {
  const { uid, gid } = statSync(original);
  chmodSync(directory, 0o700);
  for (const name of ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })])
    chownSync(join(directory, name), uid, gid);
}
