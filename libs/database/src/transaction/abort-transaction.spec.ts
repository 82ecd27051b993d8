import { PikaiaError } from '@pikaia/core';
import type pg from 'pg';
import { connect } from '../../../../test/support/database/database.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import {
  backendPid,
  createGate,
  insert,
  manager,
  settled,
  TransactionFixture,
} from '../../../../test/support/transactions/transaction.fixture.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { abortTransaction, afterCommit, outsideTransaction } from './transaction.js';

const STATEMENT_TIMEOUT_MS = 60_000; // a statement that is not cancelled outlives the test
const REASON = new PikaiaError('PIKAIA_SPEC_ABORTED', 'The spec aborted the transaction.');
const reason = { code: REASON.code };

describe('abortTransaction', () => {
  const fixture = useFixture(new TransactionFixture({ statementTimeoutMs: STATEMENT_TIMEOUT_MS }));
  const { unit, notes } = fixture;
  const pool = (): pg.Pool => (fixture.source.driver as unknown as { master: pg.Pool }).master;
  const backendEnded = (pid: number): Promise<unknown> =>
    pollUntil(async () => (await fixture.owner.query('select from pg_stat_activity where pid = $1', [pid])).rowCount === 0);

  /** Starts transactions that abort and then never return by themselves, until `release` is called. */
  function startHung(): { outcome: Promise<unknown>; pid: Promise<number>; release: () => void; late: Promise<unknown[]> } {
    const gate = createGate();
    let toldPid!: (pid: number) => void;
    const pid = new Promise<number>((resolve) => (toldPid = resolve));
    let toldLate!: (late: unknown[]) => void;
    const late = new Promise<unknown[]>((resolve) => (toldLate = resolve));
    const outcome = unit.required(async () => {
      afterCommit(() => insert('never'));
      await insert('rolled back');
      toldPid(await backendPid());
      const hung = (async () => {
        await gate.opened;
        const calls = [
          () => insert('late'),
          () => fixture.source.query(`insert into note (name) values ('late')`),
          () => unit.required(() => insert('late')),
          () => unit.nested(() => insert('late')),
          () => unit.requiresNew(() => insert('late')),
          () => unit.notSupported(() => insert('late')),
          () => outsideTransaction(() => fixture.source.query(`insert into note (name) values ('late')`)),
          () => fixture.source.transaction((tx) => tx.query(`insert into note (name) values ('late')`)),
        ].map(async (call) => call());
        toldLate((await Promise.allSettled(calls)).map((call) => (call as PromiseRejectedResult).reason));
      })();
      abortTransaction(REASON);
      await Promise.race([hung, Promise.reject(REASON)]);
    });
    outcome.catch(() => undefined); // each test awaits it later
    return { outcome, pid, release: gate.open, late };
  }

  it('ends the session at once, so that the server rolls back and the pool has room for other transactions', async () => {
    const hung = Array.from({ length: pool().options.max }, startHung);
    for (const { pid } of hung) await backendEnded(await pid);
    await unit.required(() => insert('other'));
    expect(await notes()).toEqual(['other']);
    for (const { outcome, release } of hung) {
      release();
      await expect(outcome).rejects.toMatchObject(reason);
    }
  });

  it('makes everything that the work tries later fail with the reason, so that none of it commits', async () => {
    const { outcome, release, late } = startHung();
    await expect(outcome).rejects.toMatchObject(reason);
    release();
    expect(await late).toEqual(Array.from({ length: 8 }, () => expect.objectContaining(reason)));
    expect(await notes()).toEqual([]);
  });

  it('cancels the statement that runs, so that its session ends and its locks are released before the statement timeout', async () => {
    const blocker = await connect(fixture.database.ownerUrl);
    await blocker.query('begin; lock table note in share mode');
    let pid = 0;
    const work = settled(
      unit.required(async () => {
        pid = await backendPid();
        await manager().query('select pg_advisory_xact_lock(4711)');
        const waiting = insert('blocked');
        const query = `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`;
        await pollUntil(async () => (await fixture.owner.query(query, [pid])).rowCount === 1);
        abortTransaction(REASON);
        await waiting;
      }),
    );
    expect(await work).toMatchObject({ status: 'rejected', reason });
    await backendEnded(pid);
    const { rows } = await fixture.owner.query('select pg_try_advisory_lock(4711) as free');
    expect(rows).toEqual([{ free: true }]);
    await blocker.query('rollback');
    await blocker.end();
    expect(await notes()).toEqual([]);
  });

  it('fails the transaction with the reason even if the method returns', async () => {
    const work = unit.required(async () => {
      await insert('rolled back');
      abortTransaction(REASON);
    });
    await expect(work).rejects.toMatchObject(reason);
    expect(await notes()).toEqual([]);
  });

  it('does nothing outside a transaction and after the commit', async () => {
    abortTransaction(REASON);
    await unit.required(async () => {
      await insert('kept');
      afterCommit(() => abortTransaction(REASON));
    });
    expect(await notes()).toEqual(['kept']);
  });
});

describe('a transaction whose session the server ends', () => {
  const fixture = useFixture(new TransactionFixture());

  it('fails with the reason of the server as the cause', async () => {
    const outcomes = [true, false].map((sendsStatement) =>
      fixture.unit.required(async () => {
        await insert(`idle ${sendsStatement}`);
        await manager().query(`set local idle_in_transaction_session_timeout = '50ms'`);
        const { queryRunner } = manager();
        await pollUntil(() => queryRunner!.isReleased);
        if (sendsStatement) await insert('late');
      }),
    );
    const lost = { code: 'PIKAIA_DATABASE_CONNECTION_LOST', cause: { code: '25P03' } };
    await Promise.all(outcomes.map((outcome) => expect(outcome).rejects.toMatchObject(lost)));
    expect(await fixture.notes()).toEqual([]);
  });
});
