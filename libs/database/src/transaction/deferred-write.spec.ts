import { AsyncResource } from 'node:async_hooks';
import type { ClientBase } from 'pg';
import { connect } from '../../../../test/support/database/database.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import {
  backendPid,
  defer,
  insert,
  manager,
  noTransactionError,
  TransactionFixture,
} from '../../../../test/support/transactions/transaction.fixture.js';
import { PikaiaError } from '@pikaia/core';
import { abortTransaction, afterCommit, writeWithCommit } from './transaction.js';

const TOO_LONG = 'x'.repeat(40); // violates a check constraint
const ofTheWrite = {
  name: 'QueryFailedError',
  code: '23514',
  message: expect.stringMatching(/^defer\(xxxxxxxx\): .*note_short/),
};

describe('writeWithCommit', () => {
  let proxy: TcpProxy;
  const fixture = useFixture(new TransactionFixture({ via: async (url) => (proxy = await TcpProxy.start(url)).proxyUrl(url) }));
  const { unit, notes } = fixture;
  let ran: string[];

  beforeEach(() => {
    ran = [];
  });
  afterAll(() => proxy.stop());

  const namesInTransaction = async (): Promise<string[]> =>
    (await manager().query<{ name: string }[]>('select name from note order by id')).map(({ name }) => name);

  /** The statements that the connection of the transaction sends, each with the number of sent statements before it without a response. */
  async function recordSent(): Promise<[statement: string, unanswered: number][]> {
    const sent: [string, number][] = [];
    // The types of pg lack the queue of statements that are sent while another one runs.
    const client = (await manager().queryRunner!.connect()) as ClientBase & { readonly _sentQueryQueue: readonly unknown[] };
    const { query } = client;
    client.query = ((...args: unknown[]) => {
      const answer = (query as (...args: unknown[]) => unknown).apply(client, args);
      sent.push([String(args[0]).split(' ', 1)[0]!, client._sentQueryQueue.length]);
      return answer;
    }) as ClientBase['query'];
    return sent;
  }

  it('sends the writes together with COMMIT, in their order, and runs the callbacks', async () => {
    let sent: unknown;
    await unit.required(async () => {
      await insert('one');
      sent = await recordSent();
      defer('two');
      defer('three');
      afterCommit(async () => ran.push(...(await notes())));
      expect(sent).toEqual([]);
    });
    // COMMIT follows one turn of the event loop later, in which the first responses can arrive.
    expect(sent).toEqual([
      ['insert', 0],
      ['insert', 1],
      ['COMMIT', expect.any(Number)],
    ]);
    expect(ran).toEqual(['one', 'two', 'three']);
  });

  it('sends the writes before the next statement, which sees them', async () => {
    await unit.required(async () => {
      defer('one');
      await insert('two');
      defer('three');
      expect(await namesInTransaction()).toEqual(['one', 'two', 'three']);
    });
    expect(await notes()).toEqual(['one', 'two', 'three']);
  });

  it('keeps the order of writes around a savepoint and in it', async () => {
    await unit.required(async () => {
      defer('before');
      await unit.nested(async () => {
        defer('in it');
        await insert('also in it');
        defer('last in it');
      });
      defer('after');
    });
    expect(await notes()).toEqual(['before', 'in it', 'also in it', 'last in it', 'after']);
  });

  it('drops the writes of a transaction or a savepoint that is rolled back', async () => {
    await expect(
      unit.required(async () => {
        defer('lost');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await unit.required(async () => {
      defer('kept');
      await unit
        .nested(async () => {
          defer('lost too');
          throw new Error('no');
        })
        .catch(() => undefined);
    });
    expect(await notes()).toEqual(['kept']);
  });

  it('rolls the transaction back and throws the error of the write when it fails with COMMIT', async () => {
    const work = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('lost');
      defer(TOO_LONG);
      defer('behind it');
    });
    await expect(work).rejects.toMatchObject(ofTheWrite);
    expect([await notes(), ran]).toEqual([[], []]);
  });

  it('throws the error of the write from the statement that follows it, even if the caller catches it', async () => {
    const errors: unknown[] = [];
    const work = unit.required(async () => {
      defer(TOO_LONG);
      await insert('behind it').catch((error: unknown) => errors.push(error));
    });
    await expect(work).rejects.toMatchObject(ofTheWrite);
    expect(errors).toEqual([expect.objectContaining(ofTheWrite)]);
    expect(await notes()).toEqual([]);
  });

  it('rolls back only the savepoint when a write in it fails', async () => {
    await unit.required(async () => {
      defer('kept');
      await expect(unit.nested(async () => defer(TOO_LONG))).rejects.toMatchObject(ofTheWrite);
      defer('kept as well');
    });
    expect(await notes()).toEqual(['kept', 'kept as well']);
  });

  it('refuses a write outside a transaction and after its end', async () => {
    const refused = expect.objectContaining({ code: noTransactionError().code });
    expect(() => defer('never')).toThrow(refused);
    let late!: () => void;
    await unit.required(async () => {
      await insert('kept');
      late = AsyncResource.bind(() => defer('late'));
    });
    expect(late).toThrow(refused);
    expect(await notes()).toEqual(['kept']);
  });

  it('is in doubt when the response to COMMIT is lost, although everything is committed', async () => {
    const work = unit.required(async () => {
      await insert('one');
      defer('two');
      proxy.dropResponsesTo('insert into note');
    });
    const outcome = expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_IN_DOUBT' });
    await pollUntil(notes, (names) => names.length === 2);
    proxy.disconnectAll();
    await outcome;
  });

  it.each<[string, (bad: () => void) => Promise<void>]>([
    ['with COMMIT', async (bad) => bad()],
    ['before a statement whose error is caught', async (bad) => (bad(), void (await insert('behind it').catch(() => undefined)))],
    [
      'before a savepoint whose error is caught',
      async (bad) => (bad(), await unit.nested(async () => undefined).catch(() => undefined)),
    ],
  ])('commits nothing if pg refuses a write instead of sending it: %s', async (_, work) => {
    const bad = (): void =>
      writeWithCommit(
        { call: 'publish(bad)', sql: 'insert into note (name) values ($1::jsonb)', parameters: [{ amount: 1n }] },
        noTransactionError,
      );
    const transaction = unit.required(async () => {
      afterCommit(() => ran.push('never'));
      await insert('lost');
      await work(bad);
    });
    await expect(transaction).rejects.toMatchObject({ message: expect.stringMatching(/^publish\(bad\): .*BigInt/) });
    expect([await notes(), ran]).toEqual([[], []]);
    await unit.required(() => insert('the connection works'));
    expect(await notes()).toEqual(['the connection works']);
  });

  it('refuses a write beside a savepoint that is not awaited, and keeps the reason of an abort', async () => {
    const outer: unknown[] = [];
    await unit.required(async () => {
      const beside = AsyncResource.bind(() => defer('beside it'));
      const nested = unit.nested(() => insert('in it'));
      try {
        beside();
      } catch (error) {
        outer.push(error);
      }
      await nested;
    });
    expect(outer).toEqual([expect.objectContaining({ code: 'PIKAIA_TRANSACTION_SAVEPOINT_OPEN' })]);
    const reason = new PikaiaError('PIKAIA_SPEC_ABORTED', 'The spec aborted the transaction.');
    const aborted = unit.required(async () => {
      defer('lost');
      const next = insert('lost as well');
      abortTransaction(reason);
      await next;
    });
    await expect(aborted).rejects.toBe(reason);
    expect(reason.message).toBe('The spec aborted the transaction.');
    expect(await notes()).toEqual(['in it']);
  });

  it('is in doubt when the session ends while the server executes a write, because a pooler can report that after the commit', async () => {
    const blocker = await connect(fixture.database.ownerUrl);
    await blocker.query('begin; lock table note in share mode');
    let pid = 0;
    const work = unit.required(async () => {
      pid = await backendPid();
      defer('blocked');
    });
    const outcome = expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_IN_DOUBT' });
    const waiting = `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`;
    await pollUntil(async () => (await fixture.owner.query(waiting, [pid])).rowCount === 1);
    await fixture.owner.query('select pg_terminate_backend($1)', [pid]);
    await outcome;
    await blocker.query('rollback');
    await blocker.end();
    expect(await notes()).toEqual([]);
  });
});
