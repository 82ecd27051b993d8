import pg from 'pg';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import {
  fail,
  settled,
  insert,
  manager,
  TransactionFixture,
  write,
} from '../../../../test/support/transactions/transaction.fixture.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { afterCommit } from './transaction.js';

const fixture = useFixture(
  new TransactionFixture({
    tables: `create procedure ends_the_transaction() language plpgsql as 'begin commit; end';
     grant execute on procedure ends_the_transaction() to pikaia_api;`,
  }),
);
const { unit, notes } = fixture;

const raw = (sql: string): Promise<unknown> => manager().query(sql);
const pool = (): pg.Pool => (fixture.source.driver as unknown as { master: pg.Pool }).master;

async function connectionsAreUsable(): Promise<void> {
  await pollUntil(() => pool().idleCount === pool().totalCount);
  await Promise.all(Array.from({ length: 8 }, () => unit.required(() => raw('select 1'))));
}

/** A statement, its command tag, and the notes that are committed in the end. */
const CONTROLS: [sql: string, tag: string, committed: string[]][] = [
  ['commit', 'COMMIT', ['before']],
  ['Commit work', 'COMMIT', ['before']],
  ['end', 'COMMIT', ['before']],
  ['/* x */ commit;', 'COMMIT', ['before']],
  ['commit and chain', 'COMMIT', ['before']],
  ['commit; begin', 'COMMIT', ['before']],
  ['commit; start transaction', 'COMMIT', ['before']],
  ['commit; select 1 / 0', 'COMMIT', ['before']],
  ['select 1; commit; select 2', 'COMMIT', ['before']],
  ["prepare transaction 'pikaia-spec'", 'PREPARE TRANSACTION', []],
  ['rollback', 'ROLLBACK', []],
  ['rollback work;', 'ROLLBACK', []],
  ['abort', 'ROLLBACK', []],
  ['rollback and chain', 'ROLLBACK', []],
  ['rollback; begin', 'ROLLBACK', []],
  ['rollback; select 1 / 0', 'ROLLBACK', []],
  ['savepoint mine; rollback to mine', 'ROLLBACK', []],
  ['begin', 'BEGIN', []],
  ['start transaction', 'START TRANSACTION', []],
];

describe('transaction control statements inside a transaction', () => {
  it.each(CONTROLS)(
    'the statement %j makes the @Transactional() call fail, and later statements write nothing',
    async (sql, tag, committed) => {
      const ran: string[] = [];
      const refused = { code: 'PIKAIA_TRANSACTION_CONTROL', message: expect.stringContaining(` ${tag}. `) };
      const work = unit.required(async () => {
        afterCommit(() => ran.push('never'));
        await insert('before');
        await expect(raw(sql)).rejects.toMatchObject(refused);
        await expect(insert('after')).rejects.toMatchObject(refused);
        await expect(write('published')).rejects.toMatchObject(refused);
        await expect(unit.nested(() => insert('nested'))).rejects.toMatchObject(refused);
        await expect(fixture.source.query(`insert into note (name) values ('source')`)).rejects.toMatchObject(refused);
      });
      await expect(work).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(
          tag === 'COMMIT'
            ? /earlier writes of the transaction are committed/
            : tag.startsWith('PREPARE')
              ? /neither committed nor rolled back/
              : /earlier writes of the transaction are not committed/,
        ),
      });
      if (tag.startsWith('PREPARE')) await fixture.owner.query(`rollback prepared 'pikaia-spec'`);
      expect([await notes(), ran]).toEqual([committed, []]);
      await connectionsAreUsable();
      expect(await notes()).toEqual(committed);
    },
  );

  it('the call fails with PIKAIA_TRANSACTION_CONTROL and the error of the method as cause when the method throws after COMMIT', async () => {
    const work = unit.required(async () => {
      await insert('before');
      await raw('commit').catch(() => undefined);
      throw new Error('another error');
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_CONTROL', cause: { message: 'another error' } });
  });

  it('statements that are queued behind COMMIT are never sent', async () => {
    let waiting!: Promise<PromiseSettledResult<unknown>>[];
    const work = unit.required(async () => {
      await insert('before');
      waiting = [settled(raw('commit')), ...Array.from({ length: 20 }, (_, n) => settled(insert(`waiting ${n}`)))];
      await Promise.all(waiting);
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_CONTROL' });
    const rejected = { status: 'rejected', reason: { code: 'PIKAIA_TRANSACTION_CONTROL' } };
    expect(await Promise.all(waiting)).toMatchObject(waiting.map(() => rejected));
    expect(await notes()).toEqual(['before']);
  });

  it('COMMIT and ROLLBACK are detected on the client of pg and in a savepoint', async () => {
    const bare = unit.required(async () => {
      const client = (await manager().queryRunner!.connect()) as pg.Client;
      await client.query('commit').catch(() => undefined);
      await insert('after');
    });
    await expect(bare).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_CONTROL' });
    const nested = unit.required(async () => {
      await insert('before');
      await unit.nested(() => raw('rollback')).catch(() => undefined);
      await insert('after').catch(() => undefined);
    });
    await expect(nested).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_CONTROL' });
    expect(await notes()).toEqual([]);
  });

  it.each([
    ['in a DO block', `do 'begin commit; end'`, '2D000'],
    ['in a DO block that rolls back', `do 'begin rollback; end'`, '2D000'],
    ['in a procedure', 'call ends_the_transaction()', '2D000'],
    ['as COMMIT PREPARED', `commit prepared 'none'`, '25001'],
  ])('PostgreSQL refuses COMMIT and ROLLBACK %s', async (_, sql, code) => {
    const work = unit.required(async () => {
      await insert('before');
      await raw(sql);
    });
    await expect(work).rejects.toMatchObject({ name: 'QueryFailedError', code });
    expect(await notes()).toEqual([]);
    await connectionsAreUsable();
  });

  it.each(['COMMIT', 'ROLLBACK'])('a query that is exactly %s is not sent, and the transaction is rolled back', async (sql) => {
    const work = unit.required(async () => {
      await insert('before');
      await raw(sql).catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({
      code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY',
      cause: { code: 'PIKAIA_TRANSACTION_CONTROL' },
    });
    expect(await notes()).toEqual([]);
  });

  it('string literals, prepared statements and savepoints do not count as transaction control', async () => {
    await unit.required(async () => {
      await raw(`select 'commit; rollback; begin' as "COMMIT"`);
      await raw(`insert into note (name) values ('-- rollback')`);
      await raw('prepare transaction_like as select 1');
      await raw('deallocate transaction_like');
      await raw('savepoint mine');
      await raw('release mine');
      await unit.nested(() => insert('x').then(fail('taken back'))).catch(() => undefined);
      await unit.nested(() => unit.nested(fail('twice'))).catch(() => undefined);
    });
    expect(await notes()).toEqual(['-- rollback']);
  });
});
