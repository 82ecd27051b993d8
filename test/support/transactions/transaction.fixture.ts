import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TransactionHost } from '@nestjs-cls/transactional';
import { PikaiaError } from '@pikaia/core';
import {
  DatabaseModule,
  Propagation,
  Transactional,
  writeInTransaction,
  writeWithCommit,
  type TransactionAdapter,
} from '@pikaia/database';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { DataSource, type EntityManager, type EntitySchema } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../database/database.js';

type Work<T> = () => Promise<T>;

/** One method for each propagation. Tests nest them. */
class PropagationService {
  @Transactional()
  async required<T>(work: Work<T>): Promise<T> {
    return work();
  }

  @Transactional(Propagation.Nested)
  async nested<T>(work: Work<T>): Promise<T> {
    return work();
  }

  @Transactional(Propagation.RequiresNew)
  async requiresNew<T>(work: Work<T>): Promise<T> {
    return work();
  }

  @Transactional(Propagation.NotSupported)
  async notSupported<T>(work: Work<T>): Promise<T> {
    return work();
  }

  @Transactional(Propagation.Mandatory)
  async mandatory<T>(work: Work<T>): Promise<T> {
    return work();
  }

  @Transactional(Propagation.Supports)
  async supports<T>(work: Work<T>): Promise<T> {
    return work();
  }

  @Transactional(Propagation.Never)
  async never<T>(work: Work<T>): Promise<T> {
    return work();
  }

  @Transactional<TransactionAdapter>({ isolationLevel: 'SERIALIZABLE' })
  async serializable<T>(work: Work<T>): Promise<T> {
    return work();
  }
}

/** The entity manager of the current transaction. */
export const manager = (): EntityManager => TransactionHost.getInstance().tx as EntityManager;
/** Inserts a note through the entity manager of the current transaction. */
export const insert = (name: string): Promise<unknown> => manager().query('insert into note (name) values ($1)', [name]);
export const noTransactionError = (): PikaiaError => new PikaiaError('PIKAIA_SPEC_REFUSED', 'no transaction');
/** Inserts a note with `writeInTransaction`. The write is counted, and rejected outside a transaction. */
export const write = (name: string): Promise<unknown> =>
  writeInTransaction((tx) => tx.query('insert into note (name) values ($1)', [name]), noTransactionError);
/** Inserts a note as publish and record write: before the next statement, or with COMMIT. */
export const defer = (name: string): void =>
  writeWithCommit(
    { call: `defer(${name.slice(0, 8)})`, sql: 'insert into note (name) values ($1)', parameters: [name] },
    noTransactionError,
  );
export const fail = (message: string) => async (): Promise<never> => {
  throw new Error(message);
};
/** Wraps a promise that a test checks later, so that a rejection meanwhile is not unhandled. */
export const settled = <T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> =>
  Promise.allSettled([promise]).then(([settled]) => settled!);
export const createGate = (): { opened: Promise<void>; open: () => void } => {
  let open!: () => void;
  return { opened: new Promise<void>((resolve) => (open = resolve)), open };
};

/** The id of the server process behind a connection, by default that of the current transaction. */
export const backendPid = async (connection: { query(sql: string): Promise<unknown> } = manager()): Promise<number> =>
  ((await connection.query('select pg_backend_pid() as pid')) as { pid: number }[])[0]!.pid;

interface FixtureOptions {
  readonly entities?: EntitySchema[];
  /** SQL that creates further tables. The owner executes it. */
  readonly tables?: string;
  /** Returns the connection string of the application, for example through a proxy. */
  readonly via?: (apiUrl: string) => string | Promise<string>;
  readonly statementTimeoutMs?: number;
  readonly answerGraceMs?: number;
}

/** A database with one table `note`, and an application with a pool of four connections to it. */
export class TransactionFixture {
  readonly unit = new PropagationService();
  database!: TestDatabase;
  /** A separate connection of the owner, outside the tested transactions. */
  owner!: pg.Client;
  source!: DataSource;
  private app!: INestApplicationContext;

  constructor(private readonly options: FixtureOptions = {}) {}

  /** The committed names in insertion order. */
  readonly notes = async (): Promise<string[]> =>
    (await this.owner.query<{ name: string }>('select name from note order by id')).rows.map(({ name }) => name);

  async open(): Promise<void> {
    const { entities = [], tables = '', via, statementTimeoutMs = 5_000, answerGraceMs = 5_000 } = this.options;
    this.database = await createDatabase({ empty: true });
    const { ownerUrl, apiUrl } = this.database;
    this.owner = await connect(ownerUrl);
    await this.owner.query(`
      create table note (id int generated always as identity primary key, name text not null,
        constraint note_name unique (name) deferrable initially deferred, constraint note_short check (length(name) < 40));
      grant insert, select, update on note to pikaia_api;
      ${tables}`);
    const settings = {
      databaseUrl: via ? await via(apiUrl) : apiUrl,
      databasePoolSize: 4,
      databaseStatementTimeoutMs: statementTimeoutMs,
    };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec', entities, answerGraceMs }),
      ],
    })
    class FixtureModule {}
    this.app = await NestFactory.createApplicationContext(FixtureModule, { logger: false });
    this.source = this.app.get(DataSource);
  }

  /** Restores the content of the tables. */
  async reset(): Promise<void> {
    await this.owner.query('truncate note');
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.owner.end();
    await this.database.drop();
  }
}
