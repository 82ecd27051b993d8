import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAccount } from '../../../scripts/postgres/account.ts';
import { freePort } from '../../../scripts/postgres/server.ts';

/** The program that PIKAIA_TEST_PGBOUNCER names, or `pgbouncer`; undefined if it does not run on this machine. */
export function findPgBouncer(): string | undefined {
  const program = process.env['PIKAIA_TEST_PGBOUNCER'] || 'pgbouncer';
  return spawnSync(program, ['--version']).status === 0 ? program : undefined;
}

/** The real PgBouncer with its default settings, in front of one database. */
export class PgBouncer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    private readonly folder: string,
  ) {}

  /** @param urls connection strings of the roles that connect through it. */
  static async start(program: string, mode: 'transaction' | 'session', urls: readonly string[]): Promise<PgBouncer> {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-pgbouncer-'));
    chmodSync(folder, 0o755);
    const port = await freePort();
    const server = new URL(urls[0]!);
    const users = urls.map((url) => new URL(url)).map(({ username, password }) => `"${username}" "${password}"\n`);
    writeFileSync(join(folder, 'users.txt'), users.join(''));
    writeFileSync(
      join(folder, 'pgbouncer.ini'),
      `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = md5
auth_file = ${join(folder, 'users.txt')}
pool_mode = ${mode}
`,
    );
    const child = spawn(program, [join(folder, 'pgbouncer.ini')], { ...serverAccount(), stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    const started = new Promise<void>((done, fail) => {
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('process up')) done();
      });
      child.once('error', fail).once('close', () => fail(new Error(`PgBouncer ended: ${log}`)));
    });
    await started;
    return new PgBouncer(child, port, folder);
  }

  proxyUrl(url: string): string {
    return Object.assign(new URL(url), { host: `127.0.0.1:${this.port}` }).href;
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await gone;
    rmSync(this.folder, { recursive: true, force: true }); // only the folder from mkdtemp
  }
}
