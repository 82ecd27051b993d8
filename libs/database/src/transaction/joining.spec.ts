import { AsyncResource } from 'node:async_hooks';
import { DataSource } from 'typeorm';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { backendPid, fail, insert, manager } from '../../../../test/support/transactions/transaction.fixture.js';
import {
  Folders,
  Parts,
  newThing,
  insertThingSql,
  Things,
  WAYS_TO_WRITE,
  WritersFixture,
} from '../../../../test/support/transactions/ways-to-write.js';
import { afterCommit } from './transaction.js';

const db = useFixture(new WritersFixture());
const { unit, content, notes } = db;

describe('inside a transaction', () => {
  it.each(Object.keys(WAYS_TO_WRITE))('a write with %s is rolled back and committed with the transaction', async (way) => {
    const before = await content();
    await expect(unit.required(() => WAYS_TO_WRITE[way]!(db).then(fail('back')))).rejects.toThrow('back');
    expect(await content()).toEqual(before);
    await unit.required(() => WAYS_TO_WRITE[way]!(db));
    expect(await content()).not.toEqual(before);
  });

  it.each(Object.keys(WAYS_TO_WRITE))('a write with %s commits by itself outside a transaction', async (way) => {
    const before = await content();
    await WAYS_TO_WRITE[way]!(db);
    expect(await content()).not.toEqual(before);
  });

  it('an injected repository sends neither BEGIN nor COMMIT', async () => {
    await unit.required(async () => {
      const sent: unknown[] = [];
      const client = (await manager().queryRunner!.connect()) as { query(...args: unknown[]): unknown };
      const { query } = client;
      client.query = (...args) => {
        sent.push(args[0]);
        return query.apply(client, args);
      };
      await db.things.save([newThing(10), newThing(11)]);
      client.query = query;
      expect(sent).toHaveLength(2); // a SELECT of the existing rows and one INSERT
    });
  });

  it('reads see the writes of the transaction, also reads of a query builder that was created before it', async () => {
    await unit.required(async () => {
      await db.things.insert(newThing(10));
      expect(await db.things.existsBy({ id: 10 })).toBe(true);
      expect(await db.createdBefore.builder.clone().where('thing.id = 10').getOne()).toMatchObject({ id: 10 });
      expect(await db.source.getTreeRepository(Folders).findTrees()).toHaveLength(1);
      expect(await backendPid(db.source)).toBe(await backendPid());
    });
    expect(await db.createdBefore.builder.clone().where('thing.id = 10').getOne()).toMatchObject({ id: 10 });
  });

  it('a failed manager.transaction() call rolls back only its own writes and callbacks', async () => {
    const ran: string[] = [];
    await unit.required(async () => {
      await db.things.insert(newThing(10));
      const inner = db.things.manager.transaction(async (tx) => {
        await tx.insert('Thing', newThing(11));
        afterCommit(() => ran.push('inner'));
        throw new Error('inner');
      });
      await expect(inner).rejects.toThrow('inner');
      afterCommit(() => ran.push('outer'));
    });
    expect([await db.things.existsBy({ id: 10 }), await db.things.existsBy({ id: 11 }), ran]).toEqual([true, false, ['outer']]);
  });

  it.each<[string, () => unknown]>([
    ['dataSource.transaction()', () => db.source.transaction(async () => undefined)],
    ['dataSource.createQueryRunner()', () => db.source.createQueryRunner()],
    ['a query runner that was created outside', () => db.createdBefore.runner.query(insertThingSql(11))],
    ['a transaction of a query runner that was created outside', () => db.createdBefore.runner.startTransaction()],
    [
      'dataSource.query() with a query runner that was created outside',
      () => db.source.query(insertThingSql(11), [], db.createdBefore.runner),
    ],
    ['dataSource.synchronize()', () => db.source.synchronize()],
    ['dataSource.runMigrations()', () => db.source.runMigrations()],
    ['dataSource.dropDatabase()', () => db.source.dropDatabase()],
  ])('%s is refused, and the transaction continues', async (_, open) => {
    await unit.required(async () => {
      await expect((async () => open())()).rejects.toMatchObject({
        code: 'PIKAIA_TRANSACTION_OWN_CONNECTION',
        message: expect.stringMatching(/Propagation\.RequiresNew.*outsideTransaction/),
      });
      await db.things.insert(newThing(10));
    });
    expect((await db.things.find()).map(({ id }) => id).sort()).toEqual([1, 10, 2]);
  });

  it('the connection cannot be released early, and no transaction can be begun or ended on it', async () => {
    await unit.required(async () => {
      await manager().queryRunner!.release();
      await manager().release();
      await insert('kept');
    });
    for (const call of ['startTransaction', 'commitTransaction', 'rollbackTransaction'] as const) {
      const work = unit.required(async () => {
        await insert(call);
        await expect(manager().queryRunner![call]()).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_CONTROL' });
      });
      await expect(work).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_ROLLBACK_ONLY' });
    }
    expect(await notes()).toEqual(['kept']);
  });

  it('a connection that code outside the transaction releases is closed, and the transaction is not committed', async () => {
    const elsewhere = new AsyncResource('elsewhere'); // created here, so it does not see the transaction
    const work = unit.required(async () => {
      await insert('lost');
      const runner = manager().queryRunner!;
      await elsewhere.runInAsyncScope(() => runner.release());
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_DATABASE_CONNECTION_LOST' });
    await Promise.all([1, 2, 3, 4].map((n) => unit.required(() => insert(`next ${n}`))));
    expect((await notes()).sort()).toEqual(['next 1', 'next 2', 'next 3', 'next 4']);
  });

  it('a second data source does not join the transaction', async () => {
    const second = await new DataSource({
      type: 'postgres',
      url: db.database.apiUrl,
      entities: [Things, Parts, Folders],
    }).initialize();
    const work = unit.required(async () => {
      await second.getRepository(Things).save(newThing(10));
      await second.transaction((tx) => tx.insert(Things, newThing(11)));
      await db.things.insert(newThing(12));
      throw new Error('planned');
    });
    await expect(work).rejects.toThrow(/^planned$/);
    await second.destroy();
    expect((await db.things.find()).map(({ id }) => id).sort()).toEqual([1, 10, 11, 2]);
  });
});
