import { afterCommit } from '@pikaia/database';
import { connect } from '../../../../test/support/database/database.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { backendPid, insert, manager, TransactionFixture } from '../../../../test/support/transactions/transaction.fixture.js';
import { pollUntil, waitFor } from '../../../../test/support/time/wait-for.js';

const UNRESPONSIVE = { code: 'PIKAIA_DATABASE_UNRESPONSIVE' };
const IN_DOUBT = { name: 'PikaiaError', code: 'PIKAIA_TRANSACTION_IN_DOUBT' };
const MAX_WAIT_MS = 30_000; // the response timeout is two seconds; without it these tests would never end

/** The server process or the network stops during a transaction, and no error reports it. */
describe('transactions on an unresponsive server', () => {
  let proxy: TcpProxy;
  const fixture = useFixture(
    new TransactionFixture({
      via: async (url) => (proxy = await TcpProxy.start(url)).proxyUrl(url),
      statementTimeoutMs: 1_000,
      answerGraceMs: 1_000,
    }),
  );
  const { unit } = fixture;
  const stopped = new Set<number>();
  let ran: string[];

  beforeEach(() => {
    ran = [];
  });
  afterEach(() => {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
    stopped.clear();
  });
  afterAll(() => proxy.stop());

  /** Freezes the server process of this transaction between two statements. */
  async function freezeBackend(): Promise<number> {
    const pid = await backendPid();
    process.kill(pid, 'SIGSTOP');
    stopped.add(pid);
    return pid;
  }

  async function resumeBackend(pid: number): Promise<void> {
    process.kill(pid, 'SIGCONT');
    stopped.delete(pid);
    await waitFor('the server process has ended', async () => {
      const { rows } = await fixture.owner.query('select from pg_stat_activity where pid = $1', [pid]);
      return rows.length === 0;
    });
  }

  const within = <T>(work: Promise<T>): Promise<T> =>
    Promise.race([
      work,
      new Promise<never>((_, reject) => setTimeout(() => reject(new Error('no end in time')), MAX_WAIT_MS).unref()),
    ]);

  async function expectPoolToWork(): Promise<void> {
    await Promise.all(Array.from({ length: 8 }, (_, n) => unit.required(() => insert(`usable ${n}`))));
  }

  it('a transaction fails with a typed error and writes nothing when the server does not respond to a statement', async () => {
    let pid = 0;
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('before');
      pid = await freezeBackend();
      await insert('frozen');
    });
    await expect(within(work)).rejects.toMatchObject(UNRESPONSIVE);
    await expectPoolToWork();
    await resumeBackend(pid);
    expect((await fixture.notes()).filter((name) => !name.startsWith('usable'))).toEqual([]);
    expect(ran).toEqual([]);
  });

  it('a transaction fails with a typed error when the server does not respond to BEGIN', async () => {
    proxy.dropResponsesTo('START TRANSACTION');
    await expect(within(unit.required(() => insert('never')))).rejects.toMatchObject(UNRESPONSIVE);
    await expectPoolToWork();
  });

  it('a transaction fails with the original error and writes nothing when the server does not respond to ROLLBACK', async () => {
    let pid = 0;
    const work = unit.required(async () => {
      await insert('taken back');
      pid = await freezeBackend();
      throw new Error('refused by the work');
    });
    await expect(within(work)).rejects.toThrow('refused by the work');
    await resumeBackend(pid);
    expect(await fixture.notes()).toEqual([]);
    await expectPoolToWork();
  });

  it('a transaction is in doubt when the server does not respond to COMMIT and commits after it resumes', async () => {
    let pid = 0;
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('frozen at the commit');
      await manager().query('set local idle_in_transaction_session_timeout = 0'); // it runs while the process is frozen
      pid = await freezeBackend();
    });
    await expect(within(work)).rejects.toMatchObject({ ...IN_DOUBT, cause: UNRESPONSIVE });
    expect(await fixture.notes()).toEqual([]);
    await resumeBackend(pid);
    expect(await fixture.notes()).toEqual(['frozen at the commit']);
    expect(ran).toEqual([]);
    await expectPoolToWork();
  });

  it('a transaction is in doubt when the response to COMMIT is lost, although the row is committed', async () => {
    const work = unit.required(async () => {
      await insert('answer lost');
      proxy.dropResponsesTo('COMMIT');
    });
    await expect(within(work)).rejects.toMatchObject(IN_DOUBT);
    expect(await fixture.notes()).toEqual(['answer lost']);
  });

  it('a transaction is in doubt when the connection breaks after the server has committed', async () => {
    const work = unit.required(async () => {
      await insert('cut after the commit');
      proxy.dropResponsesTo('COMMIT');
    });
    const outcome = expect(within(work)).rejects.toMatchObject(IN_DOUBT);
    await pollUntil(fixture.notes, (names) => names.length === 1);
    proxy.disconnectAll();
    await outcome;
    expect(await fixture.notes()).toEqual(['cut after the commit']);
  });

  it('a transaction is not in doubt when the connection breaks before COMMIT is sent', async () => {
    const work = unit.required(async () => {
      await insert('cut before the commit');
      const { queryRunner } = manager();
      proxy.disconnectAll();
      await waitFor('the connection is known to be lost', () => queryRunner!.isReleased);
    });
    await expect(within(work)).rejects.toMatchObject({ code: 'PIKAIA_DATABASE_CONNECTION_LOST' });
    expect(await fixture.notes()).toEqual([]);
  });

  describe('while the server executes COMMIT', () => {
    beforeAll(async () => {
      await fixture.owner.query(`
        create function at_commit() returns trigger language plpgsql as $$ begin
          if new.name like 'wait%' then perform pg_advisory_xact_lock(77); end if;
          if new.name like 'raise%' then raise 'at the commit' using errcode = split_part(new.name, ' ', 2); end if;
          return null;
        end $$;
        create constraint trigger at_commit after insert on note deferrable initially deferred for each row execute function at_commit()`);
    });
    afterAll(() => fixture.owner.query('drop function at_commit cascade'));

    it.each(['23514', '40001', '40P01', '53100', '55P03', '57014', '58030', 'XX000'])(
      'a transaction is not in doubt when COMMIT fails with error %s and the session stays open',
      async (code) => {
        await expect(unit.required(() => insert(`raise ${code}`))).rejects.toMatchObject({
          name: 'QueryFailedError',
          code,
        });
        expect(await fixture.notes()).toEqual([]);
      },
    );

    it('a transaction is in doubt when the server ends the session instead of responding to COMMIT', async () => {
      const blocker = await connect(fixture.database.ownerUrl);
      await blocker.query('select pg_advisory_lock(77)');
      let pid = 0;
      const work = unit.required(async () => (await insert('wait'), (pid = await backendPid())));
      const outcome = expect(work).rejects.toMatchObject({ ...IN_DOUBT, cause: { code: '57P01' } });
      await waitFor('COMMIT waits', async () => {
        const waiting = `select from pg_stat_activity where pid = $1 and query = 'COMMIT' and wait_event_type = 'Lock'`;
        return (await fixture.owner.query(waiting, [pid])).rows.length;
      });
      await fixture.owner.query('select pg_terminate_backend($1)', [pid]);
      await outcome;
      await blocker.end();
    });
  });
});
