import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(__dirname, '../..');

// The variables that npm sets for its child processes, except for settings of the user.
const INHERITED_NPM_VARIABLES =
  /^npm_(?!config_(userconfig|globalconfig|cache|registry|proxy|https_proxy|noproxy|cafile|strict_ssl)$)/i;

export type LogRecord = Readonly<Record<string, unknown>>;

export interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface PackedLibraries {
  /** The path of each tarball. */
  readonly tarballs: readonly string[];
  remove(): void;
}

/** Packs libraries as `npm publish` does. */
export async function packLibraries(libraries: readonly string[]): Promise<PackedLibraries> {
  const folder = mkdtempSync(join(tmpdir(), 'pikaia-tarballs-'));
  const remove = () => rmSync(folder, { recursive: true }); // only the folder from mkdtemp
  const workspaces = libraries.flatMap((name) => ['-w', `@pikaia/${name}`]);
  try {
    if (libraries.length) await npm(root, 'pack', '--silent', '--pack-destination', folder, ...workspaces);
  } catch (error) {
    remove();
    throw error;
  }
  return { tarballs: globSync('*.tgz', { cwd: folder }).map((name) => join(folder, name)), remove };
}

function npm(cwd: string, ...args: string[]): Promise<unknown> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !INHERITED_NPM_VARIABLES.test(name)));
  return promisify(execFile)('npm', args, { cwd, env });
}

/** A new application folder with the packed libraries, as `npm publish` uploads them, packages and the programs of this folder. */
export class Installation {
  private readonly children: ChildProcess[] = [];

  private constructor(readonly folder: string) {}

  /** @param packages the other packages of the application. By default Nest with both servers. */
  static async create(libraries: readonly string[], packages: readonly string[] = nestPackages()): Promise<Installation> {
    const packed = await packLibraries(libraries);
    try {
      return await Installation.of(packed, packages);
    } finally {
      packed.remove();
    }
  }

  /** @param manifest fields of the application's package.json. */
  static async of(
    { tarballs }: Pick<PackedLibraries, 'tarballs'>,
    packages: readonly string[],
    manifest: object = {},
  ): Promise<Installation> {
    const installation = new Installation(mkdtempSync(join(tmpdir(), 'pikaia-packed-')));
    const { folder } = installation;
    try {
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', private: true, ...manifest }));
      for (const name of globSync('*.{mjs,cjs}', { cwd: __dirname })) copyFileSync(join(__dirname, name), join(folder, name));
      await npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, ...packages);
    } catch (error) {
      await installation.remove();
      throw error;
    }
    return installation;
  }

  manifest(name: string): Manifest {
    return readManifest(this.folder, name);
  }

  files(pattern: string): string[] {
    return globSync(`node_modules/${pattern}`, { cwd: this.folder });
  }

  run(program: string, environment: NodeJS.ProcessEnv = {}): Program {
    const child = fork(join(this.folder, program), {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], LOG_FORMAT: 'json', ...environment },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.children.push(child);
    return new Program(child);
  }

  /**
   * Runs a command that a package of the folder installs, or the program of a path, and resolves with its exit status and its output.
   */
  command(
    name: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ): Promise<{ status: number; output: string }> {
    const env = { PATH: process.env['PATH'], ...environment };
    return promisify(execFile)(resolve(this.folder, 'node_modules/.bin', name), args, { cwd: this.folder, env }).then(
      ({ stdout, stderr }) => ({ status: 0, output: stdout + stderr }),
      (failed: { code: number; stdout: string; stderr: string }) => ({
        status: failed.code,
        output: failed.stdout + failed.stderr,
      }),
    );
  }

  /** Compiles the folder `src` to `dist` and returns the lines of the compiler output. */
  async build(compilerOptions: object): Promise<string[]> {
    const options = { target: 'es2022', strict: true, skipLibCheck: true, rootDir: 'src', outDir: 'dist', ...compilerOptions };
    const types = { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
    const config = { compilerOptions: { ...options, ...types }, include: ['src'] };
    writeFileSync(join(this.folder, 'tsconfig.json'), JSON.stringify(config));
    return this.tsc('--project', '.');
  }

  /** Compiles a module in the folder and returns the lines of the compiler output. */
  async compile(name: string, code: string): Promise<string[]> {
    writeFileSync(join(this.folder, name), code);
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    return this.tsc('--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', ...types, name);
  }

  private async tsc(...args: string[]): Promise<string[]> {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, ...args], { cwd: this.folder }).catch(
      (failed: { stdout: string }) => failed,
    );
    return stdout.split('\n').filter(Boolean);
  }

  async remove(): Promise<void> {
    for (const child of this.children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.folder, { recursive: true }); // only the folder from mkdtemp
  }
}

/** The version of a package that this repository uses. */
export const versionOf = (name: string): string => readManifest(root, name).version;

const nestPackages = (): string[] =>
  ['common', 'core', 'platform-fastify', 'platform-express'].map((name) => `@nestjs/${name}@${versionOf(`@nestjs/${name}`)}`);

const readManifest = (folder: string, name: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as Manifest;

export class Program {
  private printed = '';
  readonly exited: Promise<number | null>;

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text: Buffer) => (this.printed += text.toString()));
    this.exited = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Resolves when the program listens. @throws Error with the output if the program exits instead. */
  async url(): Promise<string> {
    const address = await Promise.race([once(this.child, 'message'), this.exited.then(() => undefined)]);
    if (!address) throw new Error(`The program exited: ${this.printed}`);
    return `http://127.0.0.1:${(address[0] as { port: number }).port}`;
  }

  /** Ends the program as Ctrl-C does. */
  async stop(): Promise<void> {
    this.child.kill('SIGINT');
    await this.exited;
  }

  /** The log records on standard output and standard error. @throws SyntaxError if a line is no record. */
  get lines(): LogRecord[] {
    return this.printed
      .split('\n')
      .slice(0, -1)
      .map((text) => JSON.parse(text) as LogRecord);
  }
}
