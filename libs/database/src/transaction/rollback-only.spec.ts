import {
  fail,
  insert,
  manager,
  openTransactionFixture,
  write,
  type TransactionFixture,
  type PropagationService,
} from '../../../../test/support/transactions.js';
import { afterCommit } from './transaction.js';

let bench: TransactionFixture;
let unit: PropagationService;
const notes = (): Promise<string[]> => bench.notes();

beforeAll(async () => {
  bench = await openTransactionFixture();
  ({ unit } = bench);
});

afterAll(() => bench.close());

beforeEach(() => bench.owner.query('truncate note'));

const swallow = (): undefined => undefined;
const rollbackOnly = (cause: string) => ({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY', cause: { message: cause } });

describe('a @Transactional() call that joins a transaction and throws', () => {
  it.each(['required', 'mandatory', 'supports'] as const)(
    'with Propagation.%s makes the transaction rollback-only, though its caller catches the error',
    async (joined) => {
      const ran: string[] = [];
      const work = unit.required(async () => {
        afterCommit(() => ran.push('never'));
        await insert('row');
        await unit[joined](() => insert('inner').then(fail('inner failed'))).catch(swallow);
        await write('published after');
        expect(await manager().query('select name from note order by id')).toHaveLength(3); // a catch block may still read
      });
      await expect(work).rejects.toMatchObject(rollbackOnly('inner failed'));
      expect([await notes(), ran]).toEqual([[], []]);
    },
  );

  it('that has written nothing makes it rollback-only too, and the first error is the cause', async () => {
    const work = unit.required(async () => {
      await insert('row');
      await unit.required(fail('first')).catch(swallow);
      await unit.required(fail('second')).catch(swallow);
    });
    await expect(work).rejects.toMatchObject(rollbackOnly('first'));
    expect(await notes()).toEqual([]);
  });

  it('surfaces with its own error, unchanged, if nobody catches it', async () => {
    const error = Object.assign(new Error('inner'), { own: true });
    const work = unit.required(() =>
      unit.required(async () => {
        throw error;
      }),
    );
    expect(await work.catch((thrown: unknown) => thrown)).toBe(error);
  });

  it('surfaces with the error of its caller, if that throws another', async () => {
    const work = unit.required(() => unit.required(fail('inner')).catch(fail('outer')));
    await expect(work).rejects.toThrow(/^outer$/);
  });

  it('with undefined as its error makes it rollback-only too', async () => {
    const work = unit.required(async () => {
      await insert('row');
      await unit.required(() => Promise.reject(undefined)).catch(swallow); // eslint-disable-line prefer-promise-reject-errors
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY' });
    expect(await notes()).toEqual([]);
  });

  it('in a savepoint makes only the savepoint rollback-only', async () => {
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
    'does not, with Propagation.%s, since it has its own outcome',
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

  it('and whose promise is not awaited makes it rollback-only if it throws before the commit', async () => {
    const work = unit.required(async () => {
      void unit.required(() => insert('floating').then(fail('late'))).catch(swallow);
    });
    await expect(work).rejects.toMatchObject(rollbackOnly('late'));
    expect(await notes()).toEqual([]);
  });
});
