import {
  fail,
  createGate,
  insert,
  manager,
  write,
  openTransactionFixture,
  type TransactionFixture,
  type PropagationService,
} from '../../../../test/support/transactions.js';
import { afterCommit, inTransaction } from './transaction.js';

let bench: TransactionFixture;
let unit: PropagationService;
const notes = (): Promise<string[]> => bench.notes();

beforeAll(async () => {
  bench = await openTransactionFixture();
  ({ unit } = bench);
});

afterAll(() => bench.close());

beforeEach(() => bench.owner.query('truncate note'));

const backend = async (): Promise<number> =>
  ((await manager().query('select pg_backend_pid() as pid')) as { pid: number }[])[0]!.pid;

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
  ])('says that its connection was lost when that happens %s', async (when, name) => {
    const ran: string[] = [];
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('lost');
      const { queryRunner } = manager();
      if (when === 'with a statement') await manager().query('select pg_terminate_backend(pg_backend_pid())');
      await bench.owner.query('select pg_terminate_backend($1, 5000)', [await backend()]);
      while (!queryRunner!.isReleased) await new Promise((resolve) => setImmediate(resolve)); // it hears of it a moment later
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
