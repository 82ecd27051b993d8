import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { backendPid, fail, settled, createGate, insert } from '../../../../test/support/transactions/transaction.fixture.js';
import {
  newThing,
  Things,
  WAYS_TO_WRITE,
  WritersFixture,
  type Thing,
} from '../../../../test/support/transactions/ways-to-write.js';
import { inTransaction, outsideTransaction } from './transaction.js';

const db = useFixture(new WritersFixture());
const { unit, content } = db;

describe('promises that outlive their transaction', () => {
  it.each(Object.keys(WAYS_TO_WRITE))('a promise that outlives its transaction cannot write with %s', async (way) => {
    const before = await content();
    const later = createGate();
    const late: Promise<PromiseSettledResult<unknown>>[] = [];
    await unit.required(async () => {
      late.push(settled(later.opened.then(() => WAYS_TO_WRITE[way]!(db))));
      await unit.required(async () => void late.push(settled(later.opened.then(() => WAYS_TO_WRITE[way]!(db)))));
    });
    later.open();
    const ended = { status: 'rejected', reason: { code: 'PIKAIA_TRANSACTION_ENDED' } };
    expect(await Promise.all(late)).toMatchObject([ended, ended]);
    expect(await content()).toEqual(before);
  });

  it('the commit waits for all statements of a repository write that is not awaited', async () => {
    await unit.required(async () => {
      void db.things.save({ ...newThing(10), parts: [{ id: 1 }], friends: [{ id: 1 } as Thing] });
      await insert('begun');
    });
    const relations = { parts: true, friends: true };
    expect(await db.things.findOne({ where: { id: 10 }, relations })).toMatchObject({
      parts: [{ id: 1 }],
      friends: [{ id: 1 }],
    });
  });

  it.each<[string, () => unknown]>([
    ['dataSource.transaction()', () => db.source.transaction(async () => undefined)],
    ['dataSource.createQueryRunner()', () => db.source.createQueryRunner()],
  ])('a promise that outlives its transaction cannot call %s', async (_, open) => {
    const later = createGate();
    let late!: Promise<unknown>;
    await unit.required(async () => {
      late = settled(later.opened.then(open));
    });
    later.open();
    expect(await late).toMatchObject({ reason: { code: 'PIKAIA_TRANSACTION_ENDED' } });
  });
});

describe('injected repositories', () => {
  const name = async (): Promise<string | undefined> => (await db.things.findOneBy({ id: 1 }))?.name;

  it('an injected repository writes in the new transaction with Propagation.RequiresNew', async () => {
    const work = unit.required(async () => {
      await db.things.insert(newThing(10));
      await unit.requiresNew(() => db.things.insert(newThing(11)));
      await db.things.insert(newThing(12));
      throw new Error('planned');
    });
    await expect(work).rejects.toThrow(/^planned$/);
    expect((await db.things.find()).map(({ id }) => id).sort()).toEqual([1, 11, 2]);
  });

  it.each<[string, (work: () => Promise<unknown>) => Promise<unknown>]>([
    ['Propagation.NotSupported', (work) => unit.notSupported(work)],
    ['outsideTransaction', (work) => outsideTransaction(work)],
  ])('an injected repository writes outside the transaction with %s', async (_, outside) => {
    const work = unit.required(async () => {
      await db.things.insert(newThing(10));
      const inside = await backendPid();
      await outside(async () => {
        expect(inTransaction()).toBe(false);
        expect(await backendPid(db.source)).not.toBe(inside);
        expect(await db.things.existsBy({ id: 10 })).toBe(false);
        await db.things.insert(newThing(11));
        await db.source.transaction((tx) => tx.insert(Things, newThing(12)));
      });
      expect([inTransaction(), await db.things.existsBy({ id: 10 })]).toEqual([true, true]);
      throw new Error('planned');
    });
    await expect(work).rejects.toThrow(/^planned$/);
    expect((await db.things.find()).map(({ id }) => id).sort()).toEqual([1, 11, 12, 2]);
  });

  it.each(['mandatory', 'supports', 'nested'] as const)(
    'an injected repository writes in the running transaction with Propagation.%s',
    async (joined) => {
      const work = unit.required(() => unit[joined](() => db.things.update(1, { name: joined })).then(fail('planned')));
      await expect(work).rejects.toThrow(/^planned$/);
      expect(await name()).toBe('one');
      await unit.required(() => unit[joined](() => db.things.update(1, { name: joined })));
      expect(await name()).toBe(joined);
    },
  );

  it.each(['never', 'supports', 'notSupported'] as const)(
    'an injected repository writes without a transaction with Propagation.%s',
    async (without) => {
      await unit[without](() => db.things.update(1, { name: without }).then(fail('planned'))).catch(() => undefined);
      expect(await name()).toBe(without);
      if (without === 'never') await expect(unit.required(async () => unit.never(name))).rejects.toThrow();
    },
  );

  it('writes of an injected repository are rolled back with their savepoint', async () => {
    await unit.required(async () => {
      await unit.nested(() => db.things.save([newThing(10), newThing(11)]).then(fail('planned'))).catch(() => undefined);
      await db.things.insert(newThing(12));
    });
    expect((await db.things.find()).map(({ id }) => id).sort()).toEqual([1, 12, 2]);
  });

  it('an injected repository can write after the end of the transaction when the work runs in outsideTransaction', async () => {
    const later = createGate();
    let late!: Promise<unknown>;
    await unit.required(async () => {
      late = outsideTransaction(() => later.opened.then(() => db.things.insert(newThing(10))));
    });
    later.open();
    await late;
    expect(await db.things.existsBy({ id: 10 })).toBe(true);
  });
});
