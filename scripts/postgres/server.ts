import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Account } from './account.ts';
import { ignoreForeignLock, postmasterPid, stopLeftover } from './leftover.ts';
import { startFailure } from './start-failure.ts';

const GUARD = fileURLToPath(new URL('guard.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000; // a killed server is a zombie until process 1 reaps it; until then PostgreSQL believes that it runs
const TRANSIENT_ERROR = /lock file "postmaster\.pid" (already exists|is empty)|pre-existing shared memory|Address already in use/;
const MAX_KEPT_LINES = 20;

interface ServerOptions {
  readonly directory: string;
  readonly account: Account;
  readonly postgres: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly owner: string;
  readonly password: string;
  readonly port: number | undefined;
  readonly settings: readonly string[];
  readonly print: (line: string) => void;
}

/** The server of one cluster. It can be started and stopped repeatedly and keeps its port. */
export class PostgresServer {
  readonly #options: ServerOptions;
  #port: number | undefined;
  #guard: ChildProcess | undefined;
  #lastLines: string[] = [];
  #stopping = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  get directory(): string {
    return this.#options.directory;
  }

  /** The port, which never changes after the first start. */
  get port(): number {
    return this.#port!;
  }

  /** The connection string of the superuser, with its password. */
  get url(): string {
    const { owner, password } = this.#options;
    return `postgres://${owner}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/postgres`;
  }

  /** The process ID of the postmaster; undefined if it does not run. */
  get pid(): number | undefined {
    return postmasterPid(this.directory);
  }

  /** Resolves when the server accepts connections. */
  async start(): Promise<void> {
    this.#stopping = false;
    for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(200)) {
      if (this.#stopping) throw new Error('PostgreSQL was stopped while it was starting.');
      await stopLeftover(this.directory, this.#options.print);
      const port = this.#port ?? (await freePort());
      try {
        await this.#attempt(port);
        this.#port = port;
        return;
      } catch (error) {
        if (this.#stopping || Date.now() > deadline || !TRANSIENT_ERROR.test(this.#lastLines.join('\n'))) throw error;
      }
    }
  }

  /** Ends all connections and stops the server. Does nothing if it does not run. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.#guard) return;
    const gone = once(this.#guard, 'close');
    this.#guard.kill('SIGTERM');
    await gone;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Simulates a crash: kill -9 of the postmaster. Resolves when it has ended. `start` then recovers the cluster. */
  async kill(): Promise<void> {
    this.#stopping = true;
    const gone = once(this.#guard!, 'close');
    process.kill(this.pid!, 'SIGKILL');
    await gone;
  }

  /** Resolves with the last line of the log when the server or its guard ends unexpectedly. */
  async died(): Promise<string | undefined> {
    while (this.#guard) await once(this.#guard, 'close');
    return this.#stopping ? new Promise(() => undefined) : this.#lastLines.at(-1);
  }

  async #attempt(port: number): Promise<void> {
    const { postgres, account, environment, directory, settings } = this.#options;
    const all = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings];
    const guard = spawn(
      process.execPath,
      [GUARD, JSON.stringify(account), postgres, '-D', directory, ...all.flatMap((setting) => ['-c', setting])],
      { env: { ...environment, ...ignoreForeignLock(directory) }, cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
    );
    guard.stdin.on('error', () => undefined); // 'close' reports that the guard has ended
    this.#guard = guard;
    this.#lastLines = [];
    await new Promise<void>((done, fail) => {
      createInterface({ input: guard.stderr }).on('line', (line) => {
        this.#lastLines = [...this.#lastLines, line].slice(-MAX_KEPT_LINES);
        if (/ready to accept (read-only )?connections/.test(line)) done(); // read-only: a standby
      });
      guard.once('error', fail).once('close', (code, signal) => {
        this.#guard = undefined;
        fail(startFailure('postgres', `${signal ?? code}`, this.#lastLines, directory));
      });
    });
  }
}

/** A port of 127.0.0.1 that is free at the moment. Another process can take it before the caller does. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
