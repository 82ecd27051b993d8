import { resolve } from 'node:path';
import type pg from 'pg';
import { examine, type DoctorOptions, type DoctorReport, type DoctorResult } from '../../../libs/database/src/doctor/doctor.js';
import { registerSinks } from '../../../libs/events/src/log/register-sinks.js';
import { LOCK_CLASS } from '../../../libs/events/src/log/sink-lock.js';
import { connect, createDatabase, executeSql, type TestDatabase } from '../database/database.js';

/** Shorter than the defaults, except for what a slow machine needs. */
export const LIMITS = { connectMs: 10_000, statementMs: 10_000, lockMs: 200, checkMs: 10_000 };
const root = resolve(__dirname, '../../..');

/** A database for each test, in which the test plants a fault. */
export class DoctorFixture {
  database!: TestDatabase;
  private readonly clients: pg.Client[] = [];

  async open(): Promise<void> {
    this.database = await createDatabase();
  }

  async reset(): Promise<void> {
    await this.use(createDatabase());
  }

  /** Replaces the database of the test. Its commits are durable, which those of other test databases are not. */
  async use(creating: Promise<TestDatabase>): Promise<void> {
    await this.close();
    this.database = await creating;
    await this.plant(`alter database ${this.databaseName} set synchronous_commit = on`);
  }

  async close(): Promise<void> {
    for (const client of this.clients.splice(0)) await client.end();
    await this.database.drop();
  }

  get databaseName(): string {
    return new URL(this.database.ownerUrl).pathname.slice(1);
  }

  /** Executes SQL as the owner. */
  plant(sql: string): Promise<void> {
    return executeSql(this.database.ownerUrl, sql);
  }

  /** Opens a session that ends with the test. */
  async connect(url = this.database.ownerUrl): Promise<pg.Client> {
    const client = await connect(url);
    this.clients.push(client);
    return client;
  }

  /** Registers sinks that receive every event. */
  register(...names: string[]): Promise<void> {
    const sinks = names.map((name) => ({ name, from: 'beginning', ordering: 'aggregate', types: null }) as const);
    return registerSinks(this.database.workerUrl, sinks, 'spec');
  }

  /** Holds the locks of sinks until the test ends, as their leaders do. */
  async lead(...names: string[]): Promise<void> {
    const client = await this.connect(this.database.workerUrl);
    for (const name of names) await client.query('select pg_advisory_lock($1, hashtext($2))', [LOCK_CLASS, name]);
  }

  /** Runs the doctor as the owner, or with other variables. */
  examine(environment: NodeJS.ProcessEnv = {}, options: Partial<DoctorOptions> = {}): Promise<DoctorReport> {
    const given = { DATABASE_URL: this.database.ownerUrl, ...environment };
    return examine({ environment: given, folder: root, limits: LIMITS, ...options });
  }

  /** The results of one check. */
  async resultsOf(check: string, environment?: NodeJS.ProcessEnv, options?: Partial<DoctorOptions>): Promise<DoctorResult[]> {
    return (await this.examine(environment, options)).results.filter((result) => result.check === check);
  }
}

/** What a test expects of a result. `cure` is a part of the cure, which each warning and failure has. */
export const found = (status: 'warning' | 'failed', detail: string, cure: string): object => ({
  status,
  detail: expect.stringContaining(detail),
  cure: expect.stringContaining(cure),
});

/** A result without a cure. */
export const fine = (status: 'ok' | 'skipped', detail: string): object => ({ status, detail: expect.stringContaining(detail) });
