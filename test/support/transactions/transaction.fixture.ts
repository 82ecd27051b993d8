import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TransactionHost } from '@nestjs-cls/transactional';
import { PikaiaError } from '@pikaia/core';
import { DatabaseModule, Propagation, Transactional, writeInTransaction, type TransactionAdapter } from '@pikaia/database';
import { ClsModule } from 'nestjs-cls';
import pg from 'pg';
import { DataSource, type EntityManager, type EntitySchema } from 'typeorm';
import { createDatabase } from '../database/database.js';

type Work<T> = () => Promise<T>;

/** One method for each propagation. Tests nest them. */
@Injectable()
export class PropagationService {
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
/** Inserts a note as publish and record write. The write is counted, and rejected outside a transaction. */
export const write = (name: string): Promise<unknown> =>
  writeInTransaction((tx) => tx.query('insert into note (name) values ($1)', [name]), noTransactionError);
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

export interface TransactionFixture {
  readonly unit: PropagationService;
  readonly ownerUrl: string;
  readonly source: DataSource;
  /** The connection string of a role that can write the tables, for a second data source. */
  readonly url: string;
  /** A separate connection of the owner, outside the tested transactions. */
  readonly owner: pg.Client;
  /** The committed names in insertion order. */
  notes(): Promise<string[]>;
  close(): Promise<void>;
}

interface FixtureOptions {
  readonly entities?: EntitySchema[];
  /** SQL that creates the tables of `entities`. The owner executes it. */
  readonly tables?: string;
  /** Returns the connection string of the application, for example through a proxy. */
  readonly via?: (apiUrl: string) => string | Promise<string>;
  readonly statementTimeoutMs?: number;
  readonly answerGraceMs?: number;
}

/** Creates a database with one table `note` and an application with a pool of four connections. */
export async function openTransactionFixture({
  entities = [],
  tables = '',
  via = (url) => url,
  statementTimeoutMs = 5_000,
  answerGraceMs = 5_000,
}: FixtureOptions = {}): Promise<TransactionFixture> {
  const database = await createDatabase({ empty: true });
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(`
    create table note (id int generated always as identity primary key, name text not null,
      constraint note_name unique (name) deferrable initially deferred, constraint note_short check (length(name) < 40));
    grant insert, select, update on note to pikaia_api;
    ${tables}`);
  const settings = {
    databaseUrl: await via(database.apiUrl),
    databasePoolSize: 4,
    databaseStatementTimeoutMs: statementTimeoutMs,
  };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'spec', entities, answerGraceMs }),
    ],
    providers: [PropagationService],
  })
  class FixtureModule {}
  const app = await NestFactory.createApplicationContext(FixtureModule, { logger: false });
  return {
    unit: app.get(PropagationService),
    ownerUrl: database.ownerUrl,
    source: app.get(DataSource),
    url: database.apiUrl,
    owner,
    notes: async () => (await owner.query<{ name: string }>('select name from note order by id')).rows.map(({ name }) => name),
    close: async () => {
      await app.close();
      await owner.end();
      await database.drop();
    },
  };
}
