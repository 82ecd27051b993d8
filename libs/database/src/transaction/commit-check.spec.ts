import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import {
  fail,
  insert,
  noTransactionError,
  TransactionFixture,
} from '../../../../test/support/transactions/transaction.fixture.js';
import { addCommitCheck, type CommitCheck } from './commit-check.js';
import { afterCommit, writeWithCommit } from './transaction.js';

const recordEvent = (aggregateId: string): void =>
  writeWithCommit(
    {
      call: 'publish',
      sql: 'insert into note (name) values ($1)',
      parameters: [aggregateId],
      record: { kind: 'event', name: 'note.written', aggregateId },
    },
    noTransactionError,
  );

describe('addCommitCheck', () => {
  const fixture = useFixture(new TransactionFixture());
  const { unit, notes } = fixture;
  let seen: string[][];
  let check: CommitCheck;
  const observe: CommitCheck = (records) => check(records);

  beforeAll(() => {
    addCommitCheck(observe);
    addCommitCheck(observe);
  });
  beforeEach(() => {
    seen = [];
    check = (records) => void seen.push(records.map(({ aggregateId }) => aggregateId));
  });

  it('calls the check once before the commit, with the records of the transaction and of its released savepoints', async () => {
    await unit.required(async () => {
      recordEvent('one');
      await unit.nested(async () => recordEvent('two'));
      await insert('no record');
      await unit.required(async () => recordEvent('three'));
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([['one', 'two', 'three']]);
  });

  it('leaves out the records of a savepoint that is rolled back, and of another transaction', async () => {
    await unit.required(async () => {
      recordEvent('kept');
      await unit
        .nested(async () => {
          recordEvent('lost');
          await fail('planned')();
        })
        .catch(() => undefined);
      await unit.requiresNew(async () => recordEvent('separate'));
    });
    expect(seen).toEqual([['separate'], ['kept']]);
  });

  it('is not called for a transaction without records, nor for one that is rolled back', async () => {
    await unit.required(() => insert('no record'));
    const work = unit.required(async () => {
      recordEvent('lost');
      await fail('planned')();
    });
    await expect(work).rejects.toThrow('planned');
    expect(seen).toEqual([]);
  });

  it('rolls the transaction back when the check throws, and the next transaction commits', async () => {
    const committed: string[] = [];
    check = () => {
      throw new Error('refused');
    };
    const work = unit.required(async () => {
      await insert('lost');
      recordEvent('lost too');
      afterCommit(() => committed.push('lost'));
    });
    await expect(work).rejects.toThrow('refused');
    expect([await notes(), committed]).toEqual([[], []]);
    check = () => undefined;
    await unit.required(async () => recordEvent('kept'));
    expect(await notes()).toEqual(['kept']);
  });
});
