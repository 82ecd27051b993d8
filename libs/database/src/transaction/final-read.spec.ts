import { AsyncResource } from 'node:async_hooks';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import {
  defer,
  insert,
  noTransactionError,
  TransactionFixture,
} from '../../../../test/support/transactions/transaction.fixture.js';
import { afterCommit, readWithCommit } from './transaction.js';

describe('readWithCommit', () => {
  const fixture = useFixture(new TransactionFixture());
  const { unit, notes } = fixture;
  let results: unknown[];

  const read = (sql = 'select string_agg(name, $1 order by id) as names from note') => ({
    call: 'readWithCommit(spec)',
    sql,
    parameters: ['+'],
    onRows: (rows: readonly unknown[]) => void results.push(rows),
  });

  beforeEach(() => {
    results = [];
  });

  it('reads what the whole transaction wrote, and passes the rows on before the callbacks of the commit', async () => {
    await unit.required(async () => {
      readWithCommit(read(), noTransactionError);
      await insert('one');
      defer('two');
      afterCommit(() => results.push('committed'));
      expect(results).toEqual([]);
    });
    expect(results).toEqual([[{ names: 'one+two' }], 'committed']);
  });

  it('sends a read that was added twice once, also from a savepoint', async () => {
    const once = read();
    await unit.required(async () => {
      readWithCommit(once, noTransactionError);
      await unit.nested(async () => readWithCommit(once, noTransactionError));
      await unit.nested(() => insert('in it'));
    });
    expect(results).toEqual([[{ names: 'in it' }]]);
  });

  it('reads nothing if the transaction is rolled back, by its method or by a write that fails with COMMIT', async () => {
    await expect(
      unit.required(async () => {
        readWithCommit(read(), noTransactionError);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(
      unit.required(async () => {
        readWithCommit(read(), noTransactionError);
        defer('x'.repeat(40)); // violates a check constraint
      }),
    ).rejects.toThrow('note_short');
    expect(results).toEqual([]);
  });

  it('rolls the transaction back if the query fails', async () => {
    const work = unit.required(async () => {
      readWithCommit(read('select $1 / 0'), noTransactionError);
      await insert('lost');
    });
    await expect(work).rejects.toThrow(/^readWithCommit\(spec\): /);
    expect([await notes(), results]).toEqual([[], []]);
  });

  it('refuses a read outside a transaction and after its end', async () => {
    const refused = expect.objectContaining({ code: noTransactionError().code });
    const add = (): void => readWithCommit(read(), noTransactionError);
    expect(add).toThrow(refused);
    let late!: () => void;
    await unit.required(async () => void (late = AsyncResource.bind(add)));
    expect(late).toThrow(refused);
  });
});
