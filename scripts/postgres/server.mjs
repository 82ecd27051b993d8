import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.mjs';
import { postmasterPid, stopLeftover } from './leftover.mjs';

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url));
const STARTS_WITHIN_MS = 20_000; // a killed server stays a zombie until process 1 reaps it, and PostgreSQL takes it for alive
const PASSING = /postmaster\.pid|pre-existing shared memory|Address already in use|could not bind/;
const LINES_KEPT = 20;

/** One cluster's server: started and stopped as often as wanted, always at the same port once it has one. */
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

  /** The superuser's connection string, password included. */
  get url() {
    const { owner, password } = this.#options;
    return `postgres://${owner}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/postgres`;
  }

  /** The postmaster's process id; undefined when it does not run. */
  get pid() {
    return postmasterPid(this.directory);
  }

  /** Resolves when connections are accepted. */
  async start() {
    this.#stopping = false;
    for (const deadline = Date.now() + STARTS_WITHIN_MS; ; await sleep(200)) {
      if (this.#stopping) throw new Error('PostgreSQL was stopped while it started.');
      await stopLeftover(this.directory, this.#options.say);
      const port = this.port ?? (await freePort());
      try {
        await this.#attempt(port);
        this.port = port;
        return;
      } catch (error) {
        if (this.#stopping || Date.now() > deadline || !PASSING.test(error.message)) throw error;
      }
    }
  }

  /** Ends all connections and stops; does nothing if it does not run. */
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

  /** As a crash: kill -9 of the postmaster. Resolves when it is gone; `start` recovers. */
  async kill() {
    this.#stopping = true;
    const gone = once(this.#guard, 'close');
    process.kill(this.pid, 'SIGKILL');
    await gone;
  }

  /** Resolves, with PostgreSQL's last words, when the server or its guard ends without having been asked to. */
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
    guard.stdin.on('error', () => undefined); // its end is told by 'close'
    this.#guard = guard;
    this.#lastLines = [];
    await new Promise((done, fail) => {
      createInterface({ input: guard.stderr }).on('line', (line) => {
        this.#lastLines = [...this.#lastLines, line].slice(-LINES_KEPT);
        if (/ready to accept (read-only )?connections/.test(line)) done(); // read-only: a standby
      });
      guard.once('error', fail).once('close', (code, signal) => {
        this.#guard = undefined;
        fail(new Error(`PostgreSQL did not start (${signal ?? code}):\n${this.#lastLines.join('\n')}`));
      });
    });
  }
}
