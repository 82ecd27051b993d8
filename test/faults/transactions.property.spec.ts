import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, InjectEntityManager } from '@nestjs/typeorm';
import { InjectTransactionHost, TransactionHost } from '@nestjs-cls/transactional';
import { context, newId } from '@pikaia/core';
import { afterCommit, DatabaseModule, Propagation, Transactional, type TransactionAdapter } from '@pikaia/database';
import { DomainEvent, Events, EventsModule } from '@pikaia/events';
import { IsInt } from 'class-validator';
import fc from 'fast-check';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { EntityManager, type DataSource } from 'typeorm';
import { TransactionScope } from '../../libs/database/src/transaction/transaction.scope.js';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';
import { pollUntil } from '../support/time/wait-for.js';
import { anyMethod, Model, type Method, type Step } from './transaction-program.js';

// PIKAIA_PROOF_SECONDS or PIKAIA_RUNS sets the duration. PIKAIA_PROOF_SEED repeats the random choices of a run.
const SECONDS = Number(process.env['PIKAIA_PROOF_SECONDS'] ?? 0);

jest.setTimeout((SECONDS + 240) * 1000);

@DomainEvent('step.taken', { version: 1, aggregate: 'step' })
class StepTaken {
  @IsInt()
  number!: number;
}

/** Executes a program and records its effects. */
class Run {
  readonly id = newId();
  readonly callbacks: number[] = [];
  readonly floating: Promise<void>[] = [];
  readonly written: number[] = [];
  next = 0;
}

@Injectable()
class Interpreter {
  constructor(
    @InjectTransactionHost() private readonly host: TransactionHost<TransactionAdapter>,
    private readonly events: Events,
    @InjectEntityManager() private readonly injected: EntityManager,
  ) {}

  call(run: Run, method: Method): Promise<void> {
    return this[method.propagation](run, method);
  }

  @Transactional()
  async required(run: Run, method: Method): Promise<void> {
    return this.steps(run, method);
  }

  @Transactional(Propagation.Nested)
  async nested(run: Run, method: Method): Promise<void> {
    return this.steps(run, method);
  }

  @Transactional(Propagation.RequiresNew)
  async requiresNew(run: Run, method: Method): Promise<void> {
    return this.steps(run, method);
  }

  private async steps(run: Run, { steps, fails }: Method): Promise<void> {
    for (const step of steps) await this.step(run, step, run.next++);
    if (fails) throw new Error('planned');
  }

  private async step(run: Run, step: Step, number: number): Promise<void> {
    switch (step.do) {
      case 'row':
        await this.insertRow(run, number);
        return;
      case 'injected':
        await this.injected.query('insert into step (run, number) values ($1, $2)', [run.id, number]);
        return;
      case 'publish':
        await this.publish(run, number);
        return;
      case 'float':
        run.floating.push(
          this.writeLater(run, number, step).then(
            () => void run.written.push(number),
            () => undefined, // a rejected event or row must not exist
          ),
        );
        return;
      case 'swallow':
        await this.host.tx.query('select 1 / 0').catch(() => undefined);
        return;
      case 'rollback':
        await this.host.tx.query('rollback').catch(() => undefined);
        return;
      case 'callback':
        afterCommit(() => run.callbacks.push(number));
        return;
      case 'call':
        await this.call(run, step.method).catch((error: unknown) => {
          if (!step.caught) throw error;
        });
    }
  }

  private async writeLater(run: Run, number: number, { what, turns }: Extract<Step, { do: 'float' }>): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    await (what === 'row' ? this.insertRow(run, number) : this.publish(run, number));
  }

  private async insertRow(run: Run, number: number): Promise<void> {
    await this.host.tx.query('insert into step (run, number) values ($1, $2)', [run.id, number]);
  }

  private publish(run: Run, number: number): Promise<string> {
    return this.events.publish(StepTaken, { id: run.id }, { number });
  }
}

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext;

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  await owner.query('create table step (run uuid, number int); grant insert, select on step to pikaia_api');
  const settings = { databaseUrl: database.apiUrl, databasePoolSize: 12, databaseStatementTimeoutMs: 5_000 };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
      EventsModule.forRoot({ databaseUrl: database.apiUrl }),
    ],
    providers: [Interpreter],
  })
  class SpecModule {}
  app = await NestFactory.createApplicationContext(SpecModule, { logger: false });
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

afterEach(() => jest.restoreAllMocks());

const sorted = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);

async function expectModelEffects(method: Method): Promise<void> {
  const run = new Run();
  const succeeded = await context.run({}, () =>
    app
      .get(Interpreter)
      .call(run, method)
      .then(
        () => true,
        () => false,
      ),
  );
  await Promise.all(run.floating);
  const rows = await owner.query<{ number: number }>('select number from step where run = $1', [run.id]);
  const events = await owner.query<{ number: number }>(
    `select (payload -> 'data' ->> 'number')::int as number from outbox.outbox_log where aggregate_id = $1`,
    [run.id],
  );
  const model = new Model();
  const expected = model.run(method);
  const { committed } = model;
  const written = (floating: readonly number[]): number[] => floating.filter((number) => run.written.includes(number));
  expect({
    succeeded,
    rows: sorted(rows.rows.map(({ number }) => number)),
    events: sorted(events.rows.map(({ number }) => number)),
    callbacks: sorted(run.callbacks),
  }).toEqual({
    succeeded: expected,
    rows: sorted([...committed.rows, ...written(committed.floatingRows)]),
    events: sorted([...committed.events, ...written(committed.floatingEvents)]),
    callbacks: sorted(committed.callbacks),
  });
}

/** Runs two programs concurrently. PIKAIA_SEED repeats a failure and shrinks it. */
const property = (runs = 150): Promise<void> =>
  fc.assert(
    fc.asyncProperty(anyMethod, anyMethod, async (one, other) => {
      await Promise.all([expectModelEffects(one), expectModelEffects(other)]);
    }),
    {
      numRuns: SECONDS ? Infinity : Number(process.env['PIKAIA_RUNS'] ?? runs),
      ...(SECONDS && { interruptAfterTimeLimit: SECONDS * 1000 }),
      seed: Number(process.env['PIKAIA_SEED'] ?? process.env['PIKAIA_PROOF_SEED'] ?? 20_260_117),
      endOnFailure: !process.env['PIKAIA_SEED'],
    },
  );

describe('a random tree of transactional calls', () => {
  it('leaves the rows, events and callbacks that the model predicts', async () => {
    await property();
    const source = app.get<DataSource>(getDataSourceToken());
    const { master } = source.driver as unknown as { master: pg.Pool };
    await pollUntil(() => master.idleCount === master.totalCount); // every connection returns to the pool
  });

  it('the check reports late statements that run after the end of the transaction', async () => {
    jest.spyOn(TransactionScope.prototype, 'isOpen', 'get').mockReturnValue(true);
    await expect(property(2_000)).rejects.toThrow('Property failed');
  });

  it('the check reports a commit of a transaction that is rollback-only', async () => {
    jest.spyOn(TransactionScope.prototype, 'markRollbackOnly').mockReturnValue();
    await expect(property(2_000)).rejects.toThrow('Property failed');
  });

  it('the check reports a statement that uses the savepoint of another call', async () => {
    jest.spyOn(TransactionScope.prototype, 'hasSavepoint', 'get').mockReturnValue(false);
    await expect(property(2_000)).rejects.toThrow('Property failed');
  });
});
