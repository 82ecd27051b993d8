import {
  fail,
  insert,
  manager,
  openBench,
  write,
  type TransactionBench,
  type Unit,
} from '../../../../test/support/transactions.js';
import { afterCommit } from './transaction.js';

let bench: TransactionBench;
let unit: Unit;
const notes = (): Promise<string[]> => bench.notes();

beforeAll(async () => {
  bench = await openBench();
  ({ unit } = bench);
});

afterAll(() => bench.close());

beforeEach(() => bench.owner.query('truncate note'));

const swallow = (): undefined => undefined;
const rollbackOnly = (cause: string) => ({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY', cause: { message: cause } });

describe('a @Transactional() call that joins a transaction and throws', () => {
  it.each(['required', 'mandatory', 'supports'] as const)(
    'with Propagation.%s makes the transaction rollback-only, even if its caller catches the error',
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

  it('makes the transaction rollback-only even if it has written nothing, and the first error becomes the cause', async () => {
    const work = unit.required(async () => {
      await insert('row');
      await unit.required(fail('first')).catch(swallow);
      await unit.required(fail('second')).catch(swallow);
    });
    await expect(work).rejects.toMatchObject(rollbackOnly('first'));
    expect(await notes()).toEqual([]);
  });

  it('makes the outer call throw the same error object if no code catches it', async () => {
    const error = Object.assign(new Error('inner'), { own: true });
    const work = unit.required(() =>
      unit.required(async () => {
        throw error;
      }),
    );
    expect(await work.catch((thrown: unknown) => thrown)).toBe(error);
  });

  it('makes the outer call throw the error of its caller if the caller throws another error', async () => {
    const work = unit.required(() => unit.required(fail('inner')).catch(fail('outer')));
    await expect(work).rejects.toThrow(/^outer$/);
  });

  it('makes the transaction rollback-only when it throws undefined', async () => {
    const work = unit.required(async () => {
      await insert('row');
      await unit.required(() => Promise.reject(undefined)).catch(swallow); // eslint-disable-line prefer-promise-reject-errors
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY' });
    expect(await notes()).toEqual([]);
  });

  it('makes only the savepoint rollback-only when it joins a savepoint', async () => {
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
    'does not make the transaction rollback-only with Propagation.%s, because its outcome is separate',
    async (own) => {
      await unit.required(async () => {
        await unit[own](fail('inner')).catch(swallow);
        await insert('kept');
      });
      expect(await notes()).toEqual(['kept']);
    },
  );

  it('does not make the next transaction rollback-only', async () => {
    await unit.required(() => unit.required(fail('inner')).catch(swallow)).catch(swallow);
    await unit.required(() => insert('kept'));
    expect(await notes()).toEqual(['kept']);
  });

  it('makes the transaction rollback-only when its promise is not awaited and it throws before the commit', async () => {
    const work = unit.required(async () => {
      void unit.required(() => insert('floating').then(fail('late'))).catch(swallow);
    });
    await expect(work).rejects.toMatchObject(rollbackOnly('late'));
    expect(await notes()).toEqual([]);
  });
});
