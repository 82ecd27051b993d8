import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.mjs';
import { postmasterPid, stopLeftover } from './leftover.mjs';

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url));
const START_TIMEOUT_MS = 20_000; // a killed server is a zombie until process 1 reaps it; until then PostgreSQL believes that it runs
const TRANSIENT_ERROR = /postmaster\.pid|pre-existing shared memory|Address already in use|could not bind/;
const MAX_KEPT_LINES = 20;

/** The server of one cluster. It can be started and stopped repeatedly and keeps its port. */
export class PostgresServer {
  #options;
  #guard;
  #lastLines = [];
  #stopping = false;

  constructor(options) {
    this.#options = options;
    this.port = options.port;
  }

  get directory() {
    return this.#options.directory;
  }

  /** The connection string of the superuser, with its password. */
  get url() {
    const { owner, password } = this.#options;
    return `postgres://${owner}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/postgres`;
  }

  /** The process ID of the postmaster; undefined if it does not run. */
  get pid() {
    return postmasterPid(this.directory);
  }

  /** Resolves when the server accepts connections. */
  async start() {
    this.#stopping = false;
    for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(200)) {
      if (this.#stopping) throw new Error('PostgreSQL was stopped while it was starting.');
      await stopLeftover(this.directory, this.#options.print);
      const port = this.port ?? (await freePort());
      try {
        await this.#attempt(port);
        this.port = port;
        return;
      } catch (error) {
        if (this.#stopping || Date.now() > deadline || !TRANSIENT_ERROR.test(error.message)) throw error;
      }
    }
  }

  /** Ends all connections and stops the server. Does nothing if it does not run. */
  async stop() {
    this.#stopping = true;
    if (!this.#guard) return;
    const gone = once(this.#guard, 'close');
    this.#guard.kill('SIGTERM');
    await gone;
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  /** Simulates a crash: kill -9 of the postmaster. Resolves when it has ended. `start` then recovers the cluster. */
  async kill() {
    this.#stopping = true;
    const gone = once(this.#guard, 'close');
    process.kill(this.pid, 'SIGKILL');
    await gone;
  }

  /** Resolves with the last line of the log when the server or its guard ends unexpectedly. */
  async died() {
    while (this.#guard) await once(this.#guard, 'close');
    return this.#stopping ? new Promise(() => undefined) : this.#lastLines.at(-1);
  }

  async #attempt(port) {
    const { postgres, account, environment, directory, flags } = this.#options;
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...flags];
    const guard = spawn(
      process.execPath,
      [GUARD, JSON.stringify(account), postgres, '-D', directory, ...settings.flatMap((setting) => ['-c', setting])],
      { env: environment, cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
    );
    guard.stdin.on('error', () => undefined); // 'close' reports that the guard has ended
    this.#guard = guard;
    this.#lastLines = [];
    await new Promise((done, fail) => {
      createInterface({ input: guard.stderr }).on('line', (line) => {
        this.#lastLines = [...this.#lastLines, line].slice(-MAX_KEPT_LINES);
        if (/ready to accept (read-only )?connections/.test(line)) done(); // read-only: a standby
      });
      guard.once('error', fail).once('close', (code, signal) => {
        this.#guard = undefined;
        fail(new Error(`PostgreSQL did not start (${signal ?? code}):\n${this.#lastLines.join('\n')}`));
      });
    });
  }
}
