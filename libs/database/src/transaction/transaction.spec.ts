import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import {
  fail,
  backendPid,
  createGate,
  insert,
  manager,
  write,
  TransactionFixture,
} from '../../../../test/support/transactions/transaction.fixture.js';
import { afterCommit, inTransaction } from './transaction.js';

const fixture = useFixture(new TransactionFixture());
const { unit, notes } = fixture;

describe('@Transactional', () => {
  it('a @Transactional() call commits when the method returns and rolls back when it throws', async () => {
    await unit.required(() => insert('kept'));
    await expect(unit.required(() => insert('dropped').then(fail('no')))).rejects.toThrow('no');
    expect(await notes()).toEqual(['kept']);
  });

  it('a @Transactional() call joins an open transaction', async () => {
    const work = unit.required(async () => {
      await insert('outer');
      await unit.required(() => insert('inner'));
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await notes()).toEqual([]);
  });

  it('a call with Propagation.RequiresNew commits even if the outer transaction is rolled back', async () => {
    const work = unit.required(async () => {
      const outside = await backendPid();
      await unit.requiresNew(async () => {
        expect(await backendPid()).not.toBe(outside);
        await insert('new');
      });
      await insert('outer');
      expect(await backendPid()).toBe(outside);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await notes()).toEqual(['new']);
  });

  it('a call with Propagation.NotSupported runs without a transaction, where transactional writes are refused', async () => {
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

  it('a call with Propagation.Nested that throws rolls back only its own writes', async () => {
    await unit.required(async () => {
      await insert('before');
      await expect(unit.nested(() => insert('taken back').then(fail('no')))).rejects.toThrow('no');
      await unit.nested(() => insert('kept'));
      await insert('after');
    });
    expect(await notes()).toEqual(['before', 'kept', 'after']);
  });

  it('two concurrent transactions have separate writes and afterCommit callbacks', async () => {
    const [first, second] = [createGate(), createGate()];
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

  it('a transaction fails when the error of a statement was swallowed', async () => {
    const ran: string[] = [];
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('lost');
      await insert('x'.repeat(40)).catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ABORTED' });
    expect([await notes(), ran]).toEqual([[], []]);
  });

  it('a transaction fails and writes nothing when a savepoint is opened after a swallowed error', async () => {
    const work = unit.required(async () => {
      await insert('x'.repeat(40)).catch(() => undefined);
      await unit.nested(() => insert('nested')).catch(() => undefined);
      await insert('would commit by itself').catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ABORTED' });
    expect(await notes()).toEqual([]);
  });

  it('a nested call fails when the error of a statement was swallowed, and the outer transaction continues', async () => {
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

  it('a transaction stays open when a savepoint fails in nested manager.transaction() calls, where TypeORM would end it early', async () => {
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

  it('a transaction passes on the error of a deferred constraint that fails at the commit', async () => {
    const ran: string[] = [];
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('twice');
      await insert('twice');
    });
    await expect(work).rejects.toMatchObject({ name: 'QueryFailedError', code: '23505', constraint: 'note_name' });
    expect([await notes(), ran]).toEqual([[], []]);
  });

  it('a transaction passes on a serialization failure', async () => {
    await unit.required(() => insert('counted'));
    const both = [createGate(), createGate()];
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

  it.each([
    ['with a statement', 'QueryFailedError'],
    ['before a statement', 'PikaiaError'],
    ['before the commit', 'PikaiaError'],
  ])('a transaction fails with the error of a lost connection when the connection is lost %s', async (when, name) => {
    const ran: string[] = [];
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('lost');
      const { queryRunner } = manager();
      if (when === 'with a statement') await manager().query('select pg_terminate_backend(pg_backend_pid())');
      await fixture.owner.query('select pg_terminate_backend($1, 5000)', [await backendPid()]);
      while (!queryRunner!.isReleased) await new Promise((resolve) => setImmediate(resolve)); // until the client knows
      if (when === 'before a statement') await insert('lost too');
    });
    await expect(work).rejects.toMatchObject({
      name,
      code: name === 'PikaiaError' ? 'PIKAIA_DATABASE_CONNECTION_LOST' : '57P01',
    });
    expect([await notes(), ran]).toEqual([[], []]);
    await Promise.all(Array.from({ length: 8 }, (_, n) => unit.required(() => insert(`usable ${n}`))));
    expect(await notes()).toHaveLength(8);
  });
});
