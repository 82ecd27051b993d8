import { Injectable, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Propagation, Transactional } from '@nestjs-cls/transactional';
import { PikaiaError } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { EntityManager } from 'typeorm';
import { addCommitCheck } from '../transaction/commit-check.js';
import { afterCommit, currentManager, inTransaction, writeWithCommit } from '../transaction/transaction.js';
import { MemoryTransactionsModule } from './memory-transactions.module.js';

@Injectable()
class Notes {
  readonly committed: string[] = [];

  @Transactional()
  async write<T>(name: string, work: () => T): Promise<Awaited<T>> {
    afterCommit(() => this.committed.push(name));
    return await work();
  }

  @Transactional(Propagation.Nested)
  async writeInSavepoint(name: string, work: () => unknown): Promise<void> {
    afterCommit(() => this.committed.push(name));
    await work();
  }
}

const fail = (): never => {
  throw new Error('no');
};
const refusal = (): PikaiaError => new PikaiaError('PIKAIA_SPEC_REFUSED', 'no transaction');
const writeEvent = (name: string): void =>
  writeWithCommit({ call: name, sql: 'insert', parameters: [], record: { kind: 'event', name, aggregateId: '1' } }, refusal);

describe('@Transactional() with MemoryTransactionsModule', () => {
  let app: INestApplicationContext;
  let notes: Notes;
  const start = async (providers: Provider[] = []): Promise<void> => {
    class TestedModule {}
    app = await NestFactory.createApplicationContext(
      { module: TestedModule, imports: [MemoryTransactionsModule], providers: [Notes, ...providers] },
      { logger: false },
    );
    notes = app.get(Notes);
  };
  afterEach(() => app.close());

  it('runs callbacks after the commit, outside the transaction, and none after a rollback', async () => {
    await start();
    expect(await notes.write('first', () => [inTransaction(), [...notes.committed]])).toEqual([true, []]);
    await expect(notes.write('second', fail)).rejects.toThrow('no');
    expect(notes.committed).toEqual(['first']);
    expect(inTransaction()).toBe(false);
    await notes.write('third', () => afterCommit(() => notes.committed.push(String(inTransaction()))));
    expect(notes.committed).toEqual(['first', 'third', 'false']);
  });

  it('logs a callback that fails, and the call succeeds', async () => {
    await start();
    using logs = captureLogs();
    await notes.write('first', () => afterCommit(fail));
    expect(logs.one('after_commit_failed')).toMatchObject({ 'error.message': 'no' });
  });

  it('drops what a savepoint did that is rolled back, and keeps the rest', async () => {
    await start();
    await notes.write('outer', async () => {
      await notes.writeInSavepoint('dropped', fail).catch(() => undefined);
      await notes.writeInSavepoint('kept', () => undefined);
    });
    expect(notes.committed).toEqual(['outer', 'kept']);
  });

  it('rolls back if a joined call has failed, although its error was caught', async () => {
    await start();
    const outer = notes.write('outer', () => notes.write('inner', fail).catch(() => undefined));
    await expect(outer).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY' });
    expect(notes.committed).toEqual([]);
  });

  it('runs the checks before a commit, and refuses a write outside a transaction', async () => {
    await start();
    addCommitCheck((records) => {
      if (records.some(({ name }) => name === 'forbidden')) throw new Error('checked');
    });
    await expect(notes.write('first', () => writeEvent('forbidden'))).rejects.toThrow('checked');
    await notes.write('second', () => writeEvent('allowed'));
    expect(notes.committed).toEqual(['second']);
    expect(() => writeEvent('late')).toThrow(expect.objectContaining({ code: 'PIKAIA_SPEC_REFUSED' }));
  });

  it('gives the code under test the EntityManager of the module, inside and outside a transaction', async () => {
    const fake = { save: () => 'saved' };
    await start([{ provide: EntityManager, useValue: fake }]);
    expect(await notes.write('first', () => currentManager())).toBe(fake);
    expect(currentManager()).toBe(fake);
  });

  it('explains what to provide if the module has no EntityManager', async () => {
    await start();
    await expect(notes.write('first', () => currentManager().save({}))).rejects.toMatchObject({
      code: 'PIKAIA_TESTING_NO_MANAGER',
      message: expect.stringContaining('used save of currentManager()'),
    });
  });
});
