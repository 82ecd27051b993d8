import { once } from 'node:events';
import { join } from 'node:path';
import { build } from './build.mjs';
import { processUrls } from './database-roles.mjs';
import { keepEmbeddedRunning, startEmbedded } from './embedded.database.mjs';
import { root, varDirectory } from './folders.mjs';
import { Output } from './output.mjs';
import { PlainError } from './plain-error.mjs';
import { chosenPorts, waitForPorts } from './ports.mjs';
import { SupervisedProcess } from './process.supervisor.mjs';
import { removeRunning, wasInterrupted, writeRunning } from './running.file.mjs';
import { developmentSecrets } from './secrets.file.mjs';

/** The database, the api and the worker of this folder. Starts them in order and stops them in reverse order. */
export class System {
  #print;
  #environment;
  #output = new Output();
  #server;
  #processes = [];

  constructor(environment, print) {
    this.#environment = environment;
    this.#print = print;
  }

  /**
   * Starts everything and resolves with the ports when it is ready. Calls `fail` later if the database cannot be restarted.
   * If `signal` aborts, it stops after the current step. Call `down` in any case.
   */
  async up(signal, fail) {
    const ports = chosenPorts(this.#environment);
    await waitForPorts(ports, { interrupted: wasInterrupted(), signal });
    const secrets = developmentSecrets();
    const ownerUrl = await this.#databaseAndBuild(secrets, signal);
    if (this.#server) keepEmbeddedRunning(this.#server, this.#print, signal).catch(fail);
    const databaseUrls = await this.#schema(ownerUrl, secrets);
    signal.throwIfAborted();
    writeRunning({ pid: process.pid, ports, databaseUrls });
    await this.#startProcesses(ports, databaseUrls, secrets, signal);
    signal.throwIfAborted();
    return ports;
  }

  async #databaseAndBuild(secrets, signal) {
    const external = this.#environment.DATABASE_URL?.trim();
    if (external && !URL.canParse(external)) {
      throw new PlainError('DATABASE_URL is not a connection string such as postgres://user:password@host:port/database.');
    }
    this.#print(external ? 'building …' : 'building, and starting PostgreSQL …');
    const [built, started] = await Promise.allSettled([
      build(signal),
      external ? undefined : startEmbedded(secrets, this.#print).then((server) => (this.#server = server)),
    ]);
    for (const { status, reason } of [built, started]) if (status === 'rejected') throw reason;
    return external ?? this.#server.url;
  }

  async #schema(ownerUrl, secrets) {
    this.#print('migrating and seeding the database …');
    const passwords = { api: secrets.databaseApi, worker: secrets.databaseWorker };
    const { prepareSchema } = await import('./prepare-schema.mjs'); // imports files that the build has just written
    const applied = await prepareSchema(ownerUrl, passwords);
    if (applied.length) this.#print(`${applied.length} migrations applied`);
    const { defaultRoles } = await import('@pikaia/database');
    const { API_DATABASE_URL, WORKER_DATABASE_URL } = this.#environment;
    const given = this.#server ? {} : { api: API_DATABASE_URL?.trim(), worker: WORKER_DATABASE_URL?.trim() };
    return { owner: ownerUrl, ...(await processUrls({ ownerUrl, roles: defaultRoles, passwords, given })) };
  }

  async #startProcesses(ports, databaseUrls, secrets, signal) {
    this.#print('starting api and outbox-worker …');
    const shared = {
      ...this.#environment,
      API_DATABASE_URL: undefined, // each process gets only its own, as DATABASE_URL
      WORKER_DATABASE_URL: undefined,
      PORT: String(ports.api),
      WORKER_PORT: String(ports.worker),
      PIKAIA_VAR: varDirectory,
      ...(process.stdout.isTTY && !this.#environment.NO_COLOR && { FORCE_COLOR: '1' }), // their stdout is a pipe
      INVITATION_SECRET: this.#environment.INVITATION_SECRET?.trim() || secrets.invitation,
    };
    this.#processes = [
      ['api', databaseUrls.api],
      ['outbox-worker', databaseUrls.worker],
    ].map(
      ([name, url]) =>
        new SupervisedProcess({
          name,
          main: join(root, 'apps', name, 'dist', 'main.js'),
          environment: { ...shared, DATABASE_URL: url },
          output: this.#output,
          print: this.#print,
        }),
    );
    await Promise.race([Promise.all(this.#processes.map((process) => process.start())), once(signal, 'abort')]);
  }

  /** Lets api and worker finish their work in progress, then stops the database. */
  async down() {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await this.#server?.stop();
    await this.#output.end();
    removeRunning();
  }
}
