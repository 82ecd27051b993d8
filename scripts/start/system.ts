import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { BackOff } from './back-off.ts';
import { build } from './build.ts';
import { buildConsole } from './console.ts';
import { processUrls } from './database-roles.ts';
import { root, varDirectory } from './folders.ts';
import { Output } from './output.ts';
import { isNetworkError, PlainError, reasonOf } from './plain-error.ts';
import { chosenPorts, waitForPorts, type Ports } from './ports.ts';
import { SupervisedProcess } from './process.supervisor.ts';
import { removeRunning, wasInterrupted, writeRunning, type Running } from './running.file.ts';
import { developmentSecrets, type Secrets } from './secrets.file.ts';
import { readSeedWeek, SeededWeek, WeekFailure } from '../week/seed-week.ts';

const INVALID_PASSWORD = '28P01';
const UNUSABLE_ADDRESS = /^(28|3D)/; // SQLSTATE classes: refused user or password, unknown database

type Print = (line: string) => void;

/** The database, the api and the worker of this folder. Starts them in order and stops them in reverse order. */
export class System {
  readonly #print: Print;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #output = new Output();
  #server: PostgresServer | undefined;
  #processes: readonly SupervisedProcess[] = [];
  /** Set until the week of a new database is complete. */
  #week: SeededWeek | undefined;

  constructor(environment: NodeJS.ProcessEnv, print: Print) {
    this.#environment = environment;
    this.#print = print;
  }

  /**
   * Starts everything and resolves with the ports when it is ready. Calls `fail` later if the database cannot be restarted.
   * If `signal` aborts, it stops after the current step. Call `down` in any case.
   */
  async up(signal: AbortSignal, fail: (error: unknown) => void): Promise<Ports> {
    if (this.#environment['NODE_ENV'] === 'production' && !this.#environment['CURSOR_SECRET']) {
      throw new PlainError(
        'NODE_ENV is "production", but its settings, such as CURSOR_SECRET, are not set. Unset NODE_ENV to run npm start.',
      );
    }
    const isWeekWanted = readSeedWeek(this.#environment);
    const ports = chosenPorts(this.#environment);
    await waitForPorts(ports, { interrupted: wasInterrupted(), signal });
    const secrets = developmentSecrets();
    const ownerUrl = await this.#databaseAndBuild(secrets, signal);
    if (this.#server) keepRunning(this.#server, this.#print, signal).catch(fail);
    const start = async (withWeek: boolean): Promise<void> => {
      const databaseUrls = await this.#schema(ownerUrl, secrets, withWeek);
      signal.throwIfAborted();
      writeRunning({ pid: process.pid, ports, databaseUrls });
      await this.#startProcesses(ports, databaseUrls, secrets, signal);
      signal.throwIfAborted();
      await this.#playWeek(ports.api, signal);
    };
    try {
      await start(isWeekWanted);
    } catch (error) {
      if (!(error instanceof WeekFailure)) throw error;
      this.#print(`the week could not be seeded (${error.message}), so the system starts without it; see var/log.incomplete`);
      await this.#stopProcesses();
      this.#output.isMuted = false;
      await start(false);
    }
    return ports;
  }

  /** Builds, starts the embedded database unless DATABASE_URL names another one, and returns the URL of the owner. */
  async #databaseAndBuild(secrets: Secrets, signal: AbortSignal): Promise<string> {
    const external = this.#environment['DATABASE_URL']?.trim();
    if (external && !URL.canParse(external)) {
      throw new PlainError('DATABASE_URL is not a connection string such as postgres://user:password@host:port/database.');
    }
    this.#print(external ? 'building …' : 'building, and starting PostgreSQL …');
    const [started, ...built] = await Promise.allSettled([
      external ? external : this.#startEmbedded(secrets.databaseOwner),
      build(signal),
      buildConsole(signal),
    ]);
    for (const one of built) if (one.status === 'rejected') throw one.reason;
    if (started.status === 'rejected') throw started.reason;
    return started.value;
  }

  /** Starts the development database in var/postgres. It keeps its port when it is restarted. */
  async #startEmbedded(password: string): Promise<string> {
    this.#server = await startPostgres(join(varDirectory, 'postgres'), { password, print: this.#print });
    return this.#server.url;
  }

  /** Migrates the database, adds missing demo data, and returns the URL of each role. */
  async #schema(ownerUrl: string, secrets: Secrets, withWeek: boolean): Promise<Running['databaseUrls']> {
    const passwords = { api: secrets.databaseApi, worker: secrets.databaseWorker };
    // The build has just written these files. One after another: concurrent imports of modules that they share can fail.
    const { loadSettings } = await import('@pikaia/core');
    const { DatabaseSettings, defaultRoles } = await import('@pikaia/database');
    const { migrateSchema } = await import('../../apps/api/dist/database/schema.js');
    const { seed } = await import('../../apps/api/dist/database/seed.js');
    // Before the migration, which sets the limit on the roles.
    const [settings] = loadSettings([DatabaseSettings], { ...this.#environment, DATABASE_URL: ownerUrl });
    const isLimitGiven = Boolean(this.#environment['DATABASE_STATEMENT_TIMEOUT_MS']?.trim());
    const statementTimeoutMs = isLimitGiven ? settings.databaseStatementTimeoutMs : undefined; // the default replaces no limit
    this.#print('migrating and seeding the database …');
    // Only for the embedded database: npm start has created it and can create it again.
    if (this.#server) this.#week = await SeededWeek.begin(ownerUrl, withWeek);
    const { applied } = await migrateSchema(ownerUrl, passwords, { statementTimeoutMs }).catch((error: unknown) =>
      this.#migrationError(error),
    );
    await this.#week?.setDatabaseClock();
    await (this.#week ? this.#week.addPeople(seed) : seed(ownerUrl));
    if (applied.length) this.#print(`${applied.length} migrations applied`);
    const { API_DATABASE_URL, WORKER_DATABASE_URL } = this.#environment;
    const given = this.#server ? {} : { api: API_DATABASE_URL?.trim(), worker: WORKER_DATABASE_URL?.trim() };
    return { owner: ownerUrl, ...(await processUrls({ ownerUrl, roles: defaultRoles, passwords, given })) };
  }

  async #migrationError(error: unknown): Promise<never> {
    const code = String((error as { code?: unknown }).code);
    if (!this.#server && (isNetworkError(error) || UNUSABLE_ADDRESS.test(code)))
      throw new PlainError(
        `The database of DATABASE_URL cannot be reached (${await reasonOf(error)}). Check the host, port, user, password and database name in DATABASE_URL, or unset it to use the embedded database.`,
      );
    if (!this.#server || code !== INVALID_PASSWORD) throw error;
    throw new PlainError(
      'The database in var/postgres has another password than var/secrets.json. Restore that file, or move the folder var away to start with an empty database.',
    );
  }

  async #startProcesses(
    ports: Ports,
    databaseUrls: Running['databaseUrls'],
    secrets: Secrets,
    signal: AbortSignal,
  ): Promise<void> {
    this.#print('starting api and outbox-worker …');
    const shared = {
      ...this.#environment,
      API_DATABASE_URL: undefined, // each process gets only its own, as DATABASE_URL
      WORKER_DATABASE_URL: undefined,
      PORT: String(ports.api),
      WORKER_PORT: String(ports.worker),
      PIKAIA_VAR: varDirectory,
      ...(process.stdout.isTTY && !this.#environment['NO_COLOR'] && { FORCE_COLOR: '1' }), // their stdout is a pipe
      EVENT_SINKS: this.#environment['EVENT_SINKS']?.trim() || 'log,local',
      INVITATION_SECRET: this.#environment['INVITATION_SECRET']?.trim() || secrets.invitation,
    };
    const supervised = (name: string, url: string) =>
      new SupervisedProcess({
        name,
        main: join(root, 'apps', name, 'dist', 'main.js'),
        environment: () => ({ ...shared, DATABASE_URL: url, ...this.#week?.environment }),
        output: this.#output,
        print: this.#print,
      });
    this.#processes = [supervised('api', databaseUrls.api), supervised('outbox-worker', databaseUrls.worker)];
    await Promise.race([Promise.all(this.#processes.map((process) => process.start())), once(signal, 'abort')]);
  }

  /** Discards the output of the week on the terminal; `var/log` contains it. */
  async #playWeek(apiPort: number, signal: AbortSignal): Promise<void> {
    if (!this.#week) return;
    this.#print('seeding a week of life of two organizations …');
    this.#output.isMuted = true;
    await this.#week.play(apiPort, this.#processes, signal);
    this.#week = undefined;
    this.#output.isMuted = false;
  }

  async #stopProcesses(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
    this.#processes = [];
  }

  /** Lets api and worker finish their work in progress, then stops the database. */
  async down(): Promise<void> {
    if (this.#processes.length) {
      const last = this.#server ? ', then stopping the database' : '';
      this.#print(`stopping: waiting for api and outbox-worker to finish their work${last} …`);
    }
    await this.#stopProcesses();
    await this.#server?.stop();
    await this.#output.end();
    removeRunning();
  }
}

/** Restarts the server whenever it dies. Rejects if a restart fails. */
async function keepRunning(server: PostgresServer, print: Print, signal: AbortSignal): Promise<never> {
  const backOff = new BackOff();
  for (;;) {
    const startedAt = Date.now();
    const lastLine = await server.died();
    const delayMs = backOff.nextDelayMs(Date.now() - startedAt);
    print(`PostgreSQL ended (${lastLine ?? 'no output'}): restarting it in ${delayMs} ms`);
    await sleep(delayMs, undefined, { signal });
    await server.start();
    print('PostgreSQL is ready again');
  }
}
