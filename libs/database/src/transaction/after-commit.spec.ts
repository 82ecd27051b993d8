import { TransactionHost } from '@nestjs-cls/transactional';
import { captureLogs } from '@pikaia/logging/testing';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { fail, insert, manager, TransactionFixture } from '../../../../test/support/transactions/transaction.fixture.js';
import { afterCommit, inTransaction } from './transaction.js';

const { unit, notes } = useFixture(new TransactionFixture());

describe('afterCommit', () => {
  it('runs the callbacks in order after the outermost commit, and the call waits for them', async () => {
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

  it('drops a callback when its transaction or its savepoint is rolled back', async () => {
    const ran: string[] = [];
    const add = (name: string) => async (): Promise<void> => afterCommit(() => ran.push(name));
    await expect(unit.required(() => add('transaction')().then(fail('no')))).rejects.toThrow('no');
    await unit.required(async () => {
      await unit.nested(() => unit.nested(add('inner')).then(fail('no'))).catch(() => undefined);
      await unit.nested(add('kept'));
    });
    expect(ran).toEqual(['kept']);
  });

  it('logs a callback that fails, and the call succeeds and the other callbacks run', async () => {
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

  it('runs a callback outside the transaction, where @Transactional() opens a new one', async () => {
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
