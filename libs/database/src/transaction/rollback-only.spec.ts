import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { fail, insert, manager, TransactionFixture, write } from '../../../../test/support/transactions/transaction.fixture.js';
import { afterCommit } from './transaction.js';

const { unit, notes } = useFixture(new TransactionFixture());

const swallow = (): undefined => undefined;
const rollbackOnly = (cause: string) => ({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY', cause: { message: cause } });

describe('rollback-only transactions', () => {
  it.each(['required', 'mandatory', 'supports'] as const)(
    'a call that joins with Propagation.%s and throws makes the transaction rollback-only, even if its caller catches the error',
    async (joined) => {
      const ran: string[] = [];
      const work = unit.required(async () => {
        afterCommit(() => ran.push('never'));
        await insert('row');
        await unit[joined](() => insert('inner').then(fail('inner failed'))).catch(swallow);
        await write('published after');
        expect(await manager().query('select name from note order by id')).toHaveLength(3); // a catch block can still read
      });
      await expect(work).rejects.toMatchObject(rollbackOnly('inner failed'));
      expect([await notes(), ran]).toEqual([[], []]);
    },
  );

  it('a joined call that throws without writing makes the transaction rollback-only, and the first error is the cause', async () => {
    const work = unit.required(async () => {
      await insert('row');
      await unit.required(fail('first')).catch(swallow);
      await unit.required(fail('second')).catch(swallow);
    });
    await expect(work).rejects.toMatchObject(rollbackOnly('first'));
    expect(await notes()).toEqual([]);
  });

  it('the outer call throws the same error object when no code catches the error of a joined call', async () => {
    const error = Object.assign(new Error('inner'), { own: true });
    const work = unit.required(() =>
      unit.required(async () => {
        throw error;
      }),
    );
    expect(await work.catch((thrown: unknown) => thrown)).toBe(error);
  });

  it('the outer call throws its own error when it catches the error of a joined call and throws another', async () => {
    const work = unit.required(() => unit.required(fail('inner')).catch(fail('outer')));
    await expect(work).rejects.toThrow(/^outer$/);
  });

  it('a joined call that throws undefined makes the transaction rollback-only', async () => {
    const work = unit.required(async () => {
      await insert('row');
      await unit.required(() => Promise.reject(undefined)).catch(swallow); // eslint-disable-line prefer-promise-reject-errors
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY' });
    expect(await notes()).toEqual([]);
  });

  it('a call that joins a savepoint and throws makes only the savepoint rollback-only', async () => {
    const ran: string[] = [];
    await unit.required(async () => {
      await insert('kept');
      const nested = unit.nested(async () => {
        afterCommit(() => ran.push('never'));
        await insert('taken back');
        await unit.required(fail('inner')).catch(swallow);
      });
      await expect(nested).rejects.toMatchObject(rollbackOnly('inner'));
      afterCommit(() => ran.push('outer'));
    });
    expect([await notes(), ran]).toEqual([['kept'], ['outer']]);
  });

  it.each(['nested', 'requiresNew', 'notSupported'] as const)(
    'a call with Propagation.%s that throws does not make the transaction rollback-only, because its outcome is separate',
    async (own) => {
      await unit.required(async () => {
        await unit[own](fail('inner')).catch(swallow);
        await insert('kept');
      });
      expect(await notes()).toEqual(['kept']);
    },
  );

  it('a rollback-only transaction does not affect the next transaction', async () => {
    await unit.required(() => unit.required(fail('inner')).catch(swallow)).catch(swallow);
    await unit.required(() => insert('kept'));
    expect(await notes()).toEqual(['kept']);
  });

  it('a joined call that is not awaited and throws before the commit makes the transaction rollback-only', async () => {
    const work = unit.required(async () => {
      void unit.required(() => insert('floating').then(fail('late'))).catch(swallow);
    });
    await expect(work).rejects.toMatchObject(rollbackOnly('late'));
    expect(await notes()).toEqual([]);
  });
});
