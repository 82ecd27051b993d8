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

/** The application in the guide, built from its code blocks, on a database that its migrate.ts has migrated. */
export class Example {
  private constructor(
    private readonly folder: string,
    private readonly database: TestDatabase,
    private readonly client: pg.Client,
    private readonly port: number,
    private readonly processes: ChildProcess[] = [],
  ) {}

  static async start(compiled: Compiled): Promise<Example> {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-example-'));
    compiled.emit(folder);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const database = await createDatabase({ empty: true });
    await run(process.execPath, [join(folder, 'migrate.js')], { env: { OWNER_DATABASE_URL: database.ownerUrl } });
    const client = await connect(database.ownerUrl);
    const example = new Example(folder, database, client, await freePort());
    try {
      await Promise.all([example.launch('main.js', database.apiUrl), example.launch('worker.js', database.workerUrl)]);
    } catch (error) {
      await example.stop();
      throw error;
    }
    return example;
  }

  /** @returns the correlation id of the request. */
  async complete(task: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/tasks/${task}/completion`, { method: 'POST' });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    return answer.headers.get('x-correlation-id')!;
  }

  /** Executes SQL as the owner of the database. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.client.query<Record<string, unknown>>(sql)).rows;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.processes.map(async (child) => {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
      }),
    );
    await this.client.end();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true }); // only the folder from mkdtemp; removes the link to node_modules, not its target
  }

  private async launch(name: string, url: string): Promise<void> {
    const env = { PATH: process.env['PATH'], DATABASE_URL: url, PORT: String(this.port), LOG_FORMAT: 'json' };
    const child = fork(join(this.folder, name), { env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.processes.push(child);
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text: Buffer) => (said += text.toString()));
    const how = await Promise.race([once(child, 'message').then(() => 'ready'), once(child, 'exit').then(() => 'ended')]);
    if (how !== 'ready') throw new Error(`${name} ended: ${said}`);
  }
}
