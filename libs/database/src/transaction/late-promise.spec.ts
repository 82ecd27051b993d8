import type { PikaiaError } from '@pikaia/core';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import {
  fail,
  settled,
  createGate,
  insert,
  noTransactionError,
  write,
  TransactionFixture,
} from '../../../../test/support/transactions/transaction.fixture.js';
import { inTransaction, writeInTransaction } from './transaction.js';

const { unit, notes } = useFixture(new TransactionFixture());

describe('promises that are not awaited', () => {
  it('the commit waits for all statements of a write that is not awaited', async () => {
    let late!: Promise<unknown>;
    await unit.required(async () => {
      late = settled(
        writeInTransaction(async (tx) => {
          await tx.query(`insert into note (name) select 'step 1' from pg_sleep(0.05)`);
          await tx.query(`insert into note (name) values ('step 2')`);
        }, noTransactionError),
      );
    });
    await expect(late).resolves.toMatchObject({ status: 'fulfilled' });
    expect(await notes()).toEqual(['step 1', 'step 2']);
  });

  it('the commit waits for a nested transaction that is not awaited', async () => {
    await unit.required(async () => {
      void unit.nested(() => insert('one').then(() => insert('two')));
    });
    expect(await notes()).toEqual(['one', 'two']);
  });

  it('a promise that is not awaited cannot write after its transaction has ended', async () => {
    const later = createGate();
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

  it('a branch of Promise.all writes nothing after another branch has failed, also between ROLLBACK and its response', async () => {
    let late!: Promise<PromiseSettledResult<unknown>>[];
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    const work = unit.required(async () => {
      await insert('before');
      late = Array.from({ length: 60 }, (_, count) => settled(turns(count).then(() => (count % 2 ? write : insert)('late'))));
      await Promise.all([fail('branch')(), ...late]);
    });
    await expect(work).rejects.toThrow('branch');
    const reasons = (await Promise.all(late)).map((one) => one.status === 'rejected' && (one.reason as PikaiaError).code);
    expect(new Set(reasons.slice(2))).toEqual(new Set(['PIKAIA_SPEC_REFUSED', 'PIKAIA_TRANSACTION_ENDED']));
    expect(await notes()).toEqual([]);
  });

  it('a write that is not awaited is rolled back with its savepoint', async () => {
    const later = createGate();
    let late!: Promise<unknown>;
    await unit.required(async () => {
      const nested = unit.nested(async () => {
        void settled(write('at once'));
        late = settled(later.opened.then(() => write('later')));
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
  it('an open savepoint makes the guard refuse statements from outside it, because a rollback would include them', async () => {
    const [opened, done] = [createGate(), createGate()];
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
