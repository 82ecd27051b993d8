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

/** Database, api and worker of this folder, brought up in order and taken down in the opposite one. */
export class System {
  #say;
  #environment;
  #output = new Output();
  #server;
  #processes = [];

  constructor(environment, say) {
    this.#environment = environment;
    this.#say = say;
  }

  /**
   * Resolves, with the ports, when all is ready. `fail` is told later when the database cannot be kept running.
   * Between its steps it gives up when `signal` aborts; `down` cleans up in any case.
   */
  async up(signal, fail) {
    const ports = chosenPorts(this.#environment);
    await waitForPorts(ports, { interrupted: wasInterrupted(), signal });
    const secrets = developmentSecrets();
    const ownerUrl = await this.#databaseAndBuild(secrets, signal);
    if (this.#server) keepEmbeddedRunning(this.#server, this.#say, signal).catch(fail);
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
      throw new PlainError('DATABASE_URL is not a connection string: postgres://user:password@host:port/database is one.');
    }
    this.#say(external ? 'building …' : 'building, and starting PostgreSQL …');
    const [built, started] = await Promise.allSettled([
      build(signal),
      external ? undefined : startEmbedded(secrets, this.#say).then((server) => (this.#server = server)),
    ]);
    for (const { status, reason } of [built, started]) if (status === 'rejected') throw reason;
    return external ?? this.#server.url;
  }

  async #schema(ownerUrl, secrets) {
    this.#say('migrating and seeding the database …');
    const passwords = { api: secrets.databaseApi, worker: secrets.databaseWorker };
    const { prepareSchema } = await import('./prepare-schema.mjs'); // stands on what was just built
    const applied = await prepareSchema(ownerUrl, passwords);
    if (applied.length) this.#say(`${applied.length} migrations applied`);
    const { defaultRoles } = await import('@pikaia/database');
    const { API_DATABASE_URL, WORKER_DATABASE_URL } = this.#environment;
    const given = this.#server ? {} : { api: API_DATABASE_URL?.trim(), worker: WORKER_DATABASE_URL?.trim() };
    return { owner: ownerUrl, ...(await processUrls({ ownerUrl, roles: defaultRoles, passwords, given })) };
  }

  async #startProcesses(ports, databaseUrls, secrets, signal) {
    this.#say('starting api and outbox-worker …');
    const shared = {
      ...this.#environment,
      API_DATABASE_URL: undefined, // each process gets its own only
      WORKER_DATABASE_URL: undefined,
      PORT: String(ports.api),
      WORKER_PORT: String(ports.worker),
      PIKAIA_VAR: varDirectory,
      ...(process.stdout.isTTY && !this.#environment.NO_COLOR && { FORCE_COLOR: '1' }), // theirs is a pipe to us
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
          say: this.#say,
        }),
    );
    await Promise.race([Promise.all(this.#processes.map((process) => process.start())), once(signal, 'abort')]);
  }

  /** api and worker finish what is in hand, then the database stops. */
  async down() {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await this.#server?.stop();
    await this.#output.end();
    removeRunning();
  }
}
