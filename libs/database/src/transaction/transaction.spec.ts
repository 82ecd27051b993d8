import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TransactionHost } from '@nestjs-cls/transactional';
import { ClsModule } from 'nestjs-cls';
import type { EntityManager } from 'typeorm';
import pg from 'pg';
import { PikaiaError } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { afterCommit, DatabaseModule, inTransaction, Propagation, Transactional, writeInTransaction } from '../index.js';

type Work<T = unknown> = () => Promise<T>;

/** One method a propagation, so that a test composes them. */
@Injectable()
class Unit {
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

  @Transactional<TransactionalAdapter>({ isolationLevel: 'SERIALIZABLE' })
  async serializable<T>(work: Work<T>): Promise<T> {
    return work();
  }
}
type TransactionalAdapter = import('../index.js').TransactionAdapter;

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext;
let unit: Unit;

const manager = (): EntityManager => TransactionHost.getInstance().tx as EntityManager;
const insert = (name: string): Promise<unknown> => manager().query('insert into note (name) values ($1)', [name]);
const refusal = (): PikaiaError => new PikaiaError('PIKAIA_SPEC_REFUSED', 'no transaction');
/** As publish and record write: counted, refused outside a transaction. */
const write = (name: string): Promise<unknown> =>
  writeInTransaction((tx) => tx.query('insert into note (name) values ($1)', [name]), refusal);
const backend = async (): Promise<number> =>
  ((await manager().query('select pg_backend_pid() as pid')) as { pid: number }[])[0]!.pid;
const notes = async (): Promise<string[]> =>
  (await owner.query<{ name: string }>('select name from note order by id')).rows.map(({ name }) => name);
const fail = (message: string) => async (): Promise<never> => {
  throw new Error(message);
};
/** A promise whose outcome is looked at later: a rejection meanwhile is not unhandled. */
const floating = <T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> =>
  Promise.allSettled([promise]).then(([settled]) => settled!);
const gate = (): { opened: Promise<void>; open: () => void } => {
  let open!: () => void;
  return { opened: new Promise<void>((resolve) => (open = resolve)), open };
};

beforeAll(async () => {
  database = await createDatabase({ empty: true });
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(`
    create table note (id int generated always as identity primary key, name text not null,
      constraint note_name unique (name) deferrable initially deferred, constraint note_short check (length(name) < 40));
    grant insert, select, update on note to pikaia_api`);
  const settings = { databaseUrl: database.apiUrl, databasePoolSize: 4, databaseStatementTimeoutMs: 5_000 };
  @Module({
    imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName: 'spec' })],
    providers: [Unit],
  })
  class SpecModule {}
  app = await NestFactory.createApplicationContext(SpecModule, { logger: false });
  unit = app.get(Unit);
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

beforeEach(() => owner.query('truncate note'));

describe('@Transactional', () => {
  it('commits what it returned from, and nothing of what it threw from', async () => {
    await unit.required(() => insert('kept'));
    await expect(unit.required(() => insert('dropped').then(fail('no')))).rejects.toThrow('no');
    expect(await notes()).toEqual(['kept']);
  });

  it('joins the transaction that is open', async () => {
    const work = unit.required(async () => {
      await insert('outer');
      await unit.required(() => insert('inner'));
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await notes()).toEqual([]);
  });

  it('with RequiresNew commits on its own, whatever becomes of the outer one', async () => {
    const work = unit.required(async () => {
      const outside = await backend();
      await unit.requiresNew(async () => {
        expect(await backend()).not.toBe(outside);
        await insert('new');
      });
      await insert('outer');
      expect(await backend()).toBe(outside);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await notes()).toEqual(['new']);
  });

  it('with NotSupported is in no transaction, and publishes nothing there', async () => {
    await unit.required(() =>
      unit.notSupported(async () => {
        expect(inTransaction()).toBe(false);
        await expect(write('x')).rejects.toMatchObject({ code: 'PIKAIA_SPEC_REFUSED' });
        expect(() => afterCommit(() => undefined)).toThrow(expect.objectContaining({ code: 'PIKAIA_TRANSACTION_REQUIRED' }));
        await unit.required(() => insert('own'));
      }),
    );
    expect(await notes()).toEqual(['own']);
  });

  it('with Nested takes back its own part alone', async () => {
    await unit.required(async () => {
      await insert('before');
      await expect(unit.nested(() => insert('taken back').then(fail('no')))).rejects.toThrow('no');
      await unit.nested(() => insert('kept'));
      await insert('after');
    });
    expect(await notes()).toEqual(['before', 'kept', 'after']);
  });

  it('keeps two that run at the same time apart', async () => {
    const [first, second] = [gate(), gate()];
    const ran: string[] = [];
    const one = unit.required(async () => {
      afterCommit(() => ran.push('one'));
      await insert('one');
      first.open();
      await second.opened;
      throw new Error('no');
    });
    const two = unit.required(async () => {
      await first.opened;
      afterCommit(() => ran.push('two'));
      await insert('two');
      second.open();
    });
    expect(await Promise.allSettled([one, two])).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled' }]);
    expect([await notes(), ran]).toEqual([['two'], ['two']]);
  });

  it('is no success when a failed statement was swallowed', async () => {
    const ran: string[] = [];
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('lost');
      await insert('x'.repeat(40)).catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ABORTED' });
    expect([await notes(), ran]).toEqual([[], []]);
  });

  it('is no success when a savepoint was tried after a swallowed failure, and nothing is written after it', async () => {
    const work = unit.required(async () => {
      await insert('x'.repeat(40)).catch(() => undefined);
      await unit.nested(() => insert('nested')).catch(() => undefined);
      await insert('would commit by itself').catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ABORTED' });
    expect(await notes()).toEqual([]);
  });

  it('with Nested is no success either when a failed statement was swallowed; the outer one goes on', async () => {
    await unit.required(async () => {
      const nested = unit.nested(async () => {
        await insert('lost');
        await insert('x'.repeat(40)).catch(() => undefined);
        await unit.nested(() => insert('refused')).catch(() => undefined);
      });
      await expect(nested).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ABORTED' });
      await insert('kept');
    });
    expect(await notes()).toEqual(['kept']);
  });

  it("is not ended by TypeORM's own nested transactions, which lose count when a savepoint fails", async () => {
    const broken = (depth: number): Promise<unknown> =>
      manager().transaction(async (tx) => {
        await tx.query('select 1 / 0').catch(() => undefined);
        return depth
          ? broken(depth - 1).catch(() => undefined)
          : tx.transaction(async () => 'not reached').catch(() => undefined);
      });
    await unit.required(async () => {
      await insert('kept');
      await broken(0).catch(() => undefined);
      expect(inTransaction()).toBe(true);
      await insert('kept too');
    });
    const early = unit.required(async () => {
      await insert('not committed early');
      await broken(1).catch(() => undefined);
      throw new Error('no');
    });
    await expect(early).rejects.toThrow('no');
    expect(await notes()).toEqual(['kept', 'kept too']);
  });

  it('passes on a deferred constraint that fails at the commit, as any other failed statement', async () => {
    const ran: string[] = [];
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('twice');
      await insert('twice');
    });
    await expect(work).rejects.toMatchObject({ name: 'QueryFailedError', code: '23505', constraint: 'note_name' });
    expect([await notes(), ran]).toEqual([[], []]);
  });

  it('passes on a serialization failure', async () => {
    await unit.required(() => insert('counted'));
    const both = [gate(), gate()];
    const count = (own: number) =>
      unit.serializable(async () => {
        await manager().query('select count(*) from note');
        both[own]!.open();
        await both[1 - own]!.opened;
        await insert(`count ${own}`);
      });
    const settled = await Promise.allSettled([count(0), count(1)]);
    const rejected = settled.filter((one) => one.status === 'rejected');
    expect(rejected).toMatchObject([{ reason: { name: 'QueryFailedError', code: '40001' } }]);
    expect(await notes()).toHaveLength(2);
  });

  it.each(['before a statement', 'before the commit'])('fails when its connection is terminated %s', async (when) => {
    const ran: string[] = [];
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('lost');
      const { queryRunner } = manager();
      await owner.query('select pg_terminate_backend($1, 5000)', [await backend()]);
      // The client hears of it a moment later; a statement sent before would fail as well.
      while (when === 'before the commit' && !queryRunner!.isReleased) await new Promise((resolve) => setImmediate(resolve));
      if (when === 'before a statement') await insert('lost too');
    });
    await expect(work).rejects.toThrow();
    expect([await notes(), ran]).toEqual([[], []]);
    await Promise.all(Array.from({ length: 8 }, (_, n) => unit.required(() => insert(`usable ${n}`))));
    expect(await notes()).toHaveLength(8);
  });
});

describe('afterCommit', () => {
  it('runs after the outermost commit, in order, and waits for what it starts', async () => {
    const ran: unknown[] = [];
    await unit.required(async () => {
      await unit.required(async () => {
        await insert('inner');
        afterCommit(async () => ran.push(await notes()));
      });
      await unit.nested(async () => afterCommit(() => ran.push('nested')));
      afterCommit(() => ran.push('last'));
      expect(ran).toEqual([]);
    });
    expect(ran).toEqual([['inner'], 'nested', 'last']);
  });

  it('is dropped with its transaction and with its savepoint', async () => {
    const ran: string[] = [];
    const add = (name: string) => async (): Promise<void> => afterCommit(() => ran.push(name));
    await expect(unit.required(() => add('transaction')().then(fail('no')))).rejects.toThrow('no');
    await unit.required(async () => {
      await unit.nested(() => unit.nested(add('inner')).then(fail('no'))).catch(() => undefined);
      await unit.nested(add('kept'));
    });
    expect(ran).toEqual(['kept']);
  });

  it('that fails changes nothing: the call succeeds and the others run', async () => {
    const ran: string[] = [];
    const logs = captureLogs();
    await unit.required(async () => {
      await insert('kept');
      afterCommit(fail('callback'));
      afterCommit(() => ran.push('second'));
    });
    logs.restore();
    expect(logs.of('after_commit_failed')).toHaveLength(1);
    expect([await notes(), ran]).toEqual([['kept'], ['second']]);
  });

  it('sees no transaction, and opens a real one with @Transactional', async () => {
    await unit.required(async () => {
      const outside = manager().queryRunner;
      afterCommit(async () => {
        expect(inTransaction()).toBe(false);
        expect(TransactionHost.getInstance().isTransactionActive()).toBe(false);
        await unit
          .required(async () => {
            expect(manager().queryRunner).not.toBe(outside);
            await insert('taken back');
            throw new Error('no');
          })
          .catch(() => undefined);
        await unit.required(() => insert('of the callback'));
      });
    });
    expect(await notes()).toEqual(['of the callback']);
  });
});

describe('a promise that nobody awaits', () => {
  it('is waited for at the commit, all of its steps', async () => {
    let late!: Promise<unknown>;
    await unit.required(async () => {
      late = floating(
        writeInTransaction(async (tx) => {
          await tx.query(`insert into note (name) select 'step 1' from pg_sleep(0.05)`);
          await tx.query(`insert into note (name) values ('step 2')`);
        }, refusal),
      );
    });
    await expect(late).resolves.toMatchObject({ status: 'fulfilled' });
    expect(await notes()).toEqual(['step 1', 'step 2']);
  });

  it('is waited for when it is a savepoint of its own', async () => {
    await unit.required(async () => {
      void unit.nested(() => insert('one').then(() => insert('two')));
    });
    expect(await notes()).toEqual(['one', 'two']);
  });

  it('cannot write once its transaction has ended', async () => {
    const later = gate();
    let late!: Promise<PromiseSettledResult<unknown>[]>;
    await unit.required(async () => {
      late = unit.required(async () => {
        await later.opened;
        expect(inTransaction()).toBe(false);
        return Promise.allSettled([write('counted'), insert('plain'), unit.required(() => insert('joined'))]);
      });
    });
    later.open();
    expect(await late).toMatchObject([
      { status: 'rejected', reason: { code: 'PIKAIA_SPEC_REFUSED' } },
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
    expect(await notes()).toEqual([]);
  });

  it('writes nothing when the other branch of Promise.all has failed, between the rollback and its answer either', async () => {
    let late!: Promise<PromiseSettledResult<unknown>>[];
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    const work = unit.required(async () => {
      await insert('before');
      late = Array.from({ length: 60 }, (_, count) => floating(turns(count).then(() => (count % 2 ? write : insert)('late'))));
      await Promise.all([fail('branch')(), ...late]);
    });
    await expect(work).rejects.toThrow('branch');
    const reasons = (await Promise.all(late)).map((one) => one.status === 'rejected' && (one.reason as PikaiaError).code);
    expect(new Set(reasons.slice(2))).toEqual(new Set(['PIKAIA_SPEC_REFUSED', 'PIKAIA_TRANSACTION_ENDED']));
    expect(await notes()).toEqual([]);
  });

  it('of a savepoint that was rolled back goes with it', async () => {
    const later = gate();
    let late!: Promise<unknown>;
    await unit.required(async () => {
      const nested = unit.nested(async () => {
        void floating(write('at once'));
        late = floating(later.opened.then(() => write('later')));
        throw new Error('no');
      });
      await nested.catch(() => undefined);
      later.open();
      await late;
      await insert('kept');
    });
    await expect(late).resolves.toMatchObject({ reason: { code: 'PIKAIA_SPEC_REFUSED' } });
    expect(await notes()).toEqual(['kept']);
  });
});

describe('an open savepoint', () => {
  it('has the connection for itself: a statement from outside would be rolled back with it', async () => {
    const [opened, done] = [gate(), gate()];
    await unit.required(async () => {
      const nested = unit.nested(async () => {
        await insert('inside');
        opened.open();
        await done.opened;
        throw new Error('no');
      });
      await opened.opened;
      await expect(write('outside')).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_SAVEPOINT_OPEN' });
      await expect(unit.nested(() => insert('second'))).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_SAVEPOINT_OPEN' });
      done.open();
      await nested.catch(() => undefined);
      await insert('after');
    });
    expect(await notes()).toEqual(['after']);
  });
});
