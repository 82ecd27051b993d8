import { appendFileSync, chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { connect } from './database.js';
import { startPostgres, type PostgresServer } from '../../../scripts/postgres.ts';
import type { TestDatabaseServer } from './database-server.js';

/** A standby that starts from a copy of the stopped primary and replicates until its connection is cut. */
export class StandbyServer {
  private constructor(
    readonly server: PostgresServer,
    private readonly directory: string,
    private readonly watcher: pg.Client,
  ) {}

  /** Creates a standby. Stops the primary during the copy. `through` returns the URL by which the standby reaches the primary. */
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
    const watcher = await connect(server.url);
    return new StandbyServer(server, directory, watcher);
  }

  /** Returns whether the standby has replayed the WAL up to `position`. */
  async hasReached(position: string): Promise<boolean> {
    const { rows } = await this.watcher.query<{ reached: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as reached', [
      position,
    ]);
    return rows[0]!.reached;
  }

  /** Promotes the standby to the primary. */
  async promote(): Promise<void> {
    await this.watcher.query('select pg_promote()');
  }

  async drop(): Promise<void> {
    await this.watcher.end();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true }); // only the folder from mkdtemp
  }
}

/** Gives the copy the owner of the original, since PostgreSQL refuses a data directory of another owner or with wider permissions. */
function copyOwner(original: string, directory: string): void {
  const { uid, gid } = statSync(original);
  chmodSync(directory, 0o700);
  for (const name of ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })])
    chownSync(join(directory, name), uid, gid);
}
