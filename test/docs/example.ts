import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { freePort } from '../../scripts/postgres/server.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';
import type { Compiled } from './code-blocks.js';

const root = resolve(__dirname, '../..');
const run = promisify(execFile);

/** The application in the guide, built from its code blocks and started as its shell commands say, on a new database. */
export class Example {
  private readonly children = new Map<string, ChildProcess>();
  private readonly output = new Map<string, string>();
  private readonly ports: { readonly api: number; readonly worker: number };

  private constructor(
    private readonly folder: string,
    private readonly database: TestDatabase,
    private readonly client: pg.Client,
    ports: readonly [api: number, worker: number],
  ) {
    this.ports = { api: ports[0], worker: ports[1] };
  }

  /** @param shell the commands of the guide. Each program runs with the variables that they set, but on the test's database. */
  static async start(compiled: Compiled, shell: string): Promise<Example> {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-example-'));
    compiled.emit(folder);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const database = await createDatabase({ empty: true });
    const client = await connect(database.ownerUrl);
    const example = new Example(folder, database, client, [await freePort(), await freePort()]);
    try {
      for (const [, assignments = '', name = ''] of shell.matchAll(/^(.*)\bnode dist\/(\S+)$/gm)) {
        const env = { ...example.environment(assignments), OWNER_DATABASE_URL: database.ownerUrl };
        if (name === 'migrate.js') await run(process.execPath, [join(folder, name)], { env });
        else await example.launch(name, env);
      }
    } catch (error) {
      await example.stop();
      throw error;
    }
    return example;
  }

  /** Sends the request of a `curl` command. */
  send(command: string): Promise<Response> {
    const { method, path, contentType, body } =
      /^curl -s\w*(?: -X (?<method>\w+))? http:\/\/localhost:3000(?<path>\S+)(?: -H 'Content-Type: (?<contentType>[^']+)' -d '(?<body>[^']+)')?$/.exec(
        command,
      )!.groups!;
    return fetch(`http://127.0.0.1:${this.ports.api}${path}`, {
      method: method ?? 'POST',
      ...(body !== undefined && { body, headers: { 'content-type': contentType! } }),
    });
  }

  /** Executes SQL as the owner of the database. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.client.query<Record<string, unknown>>(sql)).rows;
  }

  /** Executes statements one after another. */
  async queryAll(statements: readonly string[]): Promise<Record<string, unknown>[][]> {
    const results = [];
    for (const sql of statements) results.push(await this.query(sql));
    return results;
  }

  /** The log events that a program wrote with a correlation id. */
  eventsOf(name: string, correlationId: string | null): unknown[] {
    const lines = this.output.get(name)!.split('\n').filter(Boolean);
    const records = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    return records.filter(({ trace_id }) => trace_id === correlationId).map(({ event }) => event);
  }

  async isWorkerReady(): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${this.ports.worker}/health/ready`)).ok;
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.children.values()].map(async (child) => {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
      }),
    );
    await this.client.end();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true }); // only the folder from mkdtemp; removes the link to node_modules, not its target
  }

  /** The variables of a command line; a database URL is that of its role in the test's database. */
  private environment(assignments: string): NodeJS.ProcessEnv {
    const roles: Readonly<Record<string, string>> = { pikaia_api: this.database.apiUrl, pikaia_worker: this.database.workerUrl };
    const given = [...assignments.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => {
      const role = /^postgres:\/\/(\w+):/.exec(value)?.[1];
      return [name, role === undefined ? value : roles[role]] as const;
    });
    return { ...Object.fromEntries(given), PATH: process.env['PATH'], LOG_FORMAT: 'json' };
  }

  private async launch(name: string, variables: NodeJS.ProcessEnv): Promise<void> {
    const env = { ...variables, PORT: String(this.ports.api), WORKER_PORT: String(this.ports.worker) };
    const child = fork(join(this.folder, name), { env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.children.set(name, child);
    this.output.set(name, '');
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => this.output.set(name, this.output.get(name)! + text.toString()));
    const how = await Promise.race([once(child, 'message').then(() => 'ready'), once(child, 'exit').then(() => 'ended')]);
    if (how !== 'ready') throw new Error(`${name} ended: ${this.output.get(name)}`);
  }
}
