import { DataSource, EntitySchema, type QueryRunner, type Repository } from 'typeorm';
import {
  fail,
  floating,
  gate,
  insert,
  manager,
  openBench,
  type TransactionBench,
  type Unit,
} from '../../../../test/support/transactions.js';
import { afterCommit, inTransaction, outsideTransaction } from './transaction.js';

interface Thing {
  id: number;
  name: string;
  count: number;
  deletedAt: Date | null;
  parts?: Part[];
  friends?: Thing[];
}
interface Part {
  id: number;
  thing?: Thing;
}
interface Folder {
  id: number;
  parent?: Folder;
}

const Things = new EntitySchema<Thing>({
  name: 'Thing',
  tableName: 'thing',
  columns: {
    id: { type: 'int', primary: true },
    name: { type: 'text' },
    count: { type: 'int', default: 0 },
    deletedAt: { type: 'timestamptz', name: 'deleted_at', nullable: true, deleteDate: true },
  },
  relations: {
    parts: { type: 'one-to-many', target: 'Part', inverseSide: 'thing', cascade: true },
    friends: {
      type: 'many-to-many',
      target: 'Thing',
      joinTable: { name: 'thing_friend', joinColumn: { name: 'thing' }, inverseJoinColumn: { name: 'friend' } },
    },
  },
});
const Parts = new EntitySchema<Part>({
  name: 'Part',
  tableName: 'part',
  columns: { id: { type: 'int', primary: true } },
  relations: { thing: { type: 'many-to-one', target: 'Thing', joinColumn: { name: 'thing' }, inverseSide: 'parts' } },
});
const Folders = new EntitySchema<Folder>({
  name: 'Folder',
  tableName: 'folder',
  trees: [{ type: 'materialized-path' }],
  columns: { id: { type: 'int', primary: true } },
  relations: {
    parent: { type: 'many-to-one', target: 'Folder', treeParent: true, joinColumn: { name: 'parent' } },
    children: { type: 'one-to-many', target: 'Folder', treeChildren: true, inverseSide: 'parent' },
  },
} as never);
const TABLES = `
  create table thing (id int primary key, name text not null, count int not null default 0, deleted_at timestamptz);
  create table part (id int primary key, thing int references thing);
  create table thing_friend (thing int references thing, friend int references thing, primary key (thing, friend));
  create table folder (id int primary key, parent int references folder, mpath text not null default '');
  grant all on thing, part, thing_friend, folder to pikaia_api;`;
/** Everything in the tables. Each way below changes it. */
const CONTENT = `
  select (select json_agg(t order by id) from thing t) as things, (select json_agg(p order by id) from part p) as parts,
    (select json_agg(f) from thing_friend f) as friends, (select json_agg(d order by id) from folder d) as folders`;

let bench: TransactionBench;
let unit: Unit;
let source: DataSource;
let things: Repository<Thing>;
let named: Repository<Thing> & { insertNamed(name: string): Promise<unknown> };
let early: { builder: ReturnType<Repository<Thing>['createQueryBuilder']>; runner: QueryRunner };

const content = async (): Promise<unknown> => (await bench.owner.query(CONTENT)).rows[0];
const backend = async (from: { query(sql: string): Promise<unknown> }): Promise<number> =>
  ((await from.query('select pg_backend_pid() as pid')) as { pid: number }[])[0]!.pid;
const row = (id: number): Partial<Thing> => ({ id, name: `thing ${id}` });
const sql = (id: number): string => `insert into thing (id, name) values (${id}, 'sql')`;

beforeAll(async () => {
  bench = await openBench({ entities: [Things, Parts, Folders], tables: TABLES });
  ({ unit, source } = bench);
  things = source.getRepository(Things);
  named = things.extend({
    insertNamed(this: Repository<Thing>, name: string) {
      return this.insert({ id: 10, name });
    },
  });
  early = { builder: things.createQueryBuilder('thing'), runner: source.createQueryRunner() };
});

afterAll(async () => {
  await early.runner.release();
  await bench.close();
});

beforeEach(() =>
  bench.owner.query(`truncate note, thing, part, thing_friend, folder;
    insert into thing values (1, 'one', 1, null), (2, 'two', 2, null), (3, 'three', 3, now()); insert into folder values (1, null, '1.')`),
);

const WAYS: Record<string, () => Promise<unknown>> = {
  'repository.save': () => things.save(row(10)),
  'repository.save of many': () => things.save([row(10), row(11), row(12)]),
  'repository.save of many in chunks': () => things.save([row(10), row(11), row(12)], { chunk: 1 }),
  'repository.save without its own transaction': () => things.save(row(10), { transaction: false }),
  'repository.save with a cascade': () => things.save({ ...row(10), parts: [{ id: 1 }, { id: 2 }] }),
  'repository.save of what was there': () => things.save({ ...row(1), count: 9 }),
  'repository.save with a relation of many to many': () => things.save({ ...row(10), friends: [{ id: 1 } as Thing] }),
  'repository.insert': () => things.insert(row(10)),
  'repository.update': () => things.update({ id: 1 }, { name: 'changed' }),
  'repository.updateAll': () => things.updateAll({ name: 'changed' }),
  'repository.upsert': () => things.upsert([{ ...row(1) }, row(10)], ['id']),
  'repository.delete': () => things.delete({ id: 1 }),
  'repository.deleteAll': () => things.deleteAll(),
  'repository.remove': () => things.remove({ id: 1 } as Thing),
  'repository.softDelete': () => things.softDelete({ id: 1 }),
  'repository.softRemove': () => things.softRemove({ id: 1 } as Thing),
  'repository.restore': () => things.restore({ id: 3 }),
  'repository.recover': () => things.recover({ id: 3 } as Thing),
  'repository.increment': () => things.increment({ id: 1 }, 'count', 5),
  'repository.decrement': () => things.decrement({ id: 1 }, 'count', 5),
  'repository.clear': () =>
    source
      .getRepository(Parts)
      .save({ id: 1 })
      .then(() => things.clear({ cascade: true })),
  'repository.query': () => things.query(sql(10)),
  'a repository that is extended': () => named.insertNamed('extended'),
  'a repository that is extended inside': () => things.extend({}).insert(row(10)),
  'a repository that is got inside': () => source.getRepository('Part').insert({ id: 1 }),
  'manager.withRepository': () => source.manager.withRepository(named).insertNamed('with'),
  'a tree repository': () => source.getTreeRepository(Folders).save({ id: 2, parent: { id: 1 } }),
  'a query builder: insert': () => things.createQueryBuilder().insert().values(row(10)).execute(),
  'a query builder: update': () => things.createQueryBuilder().update().set({ name: 'x' }).where('id = 1').execute(),
  'a query builder: delete': () => things.createQueryBuilder().delete().where('id = 1').execute(),
  'a query builder: soft delete': () => things.createQueryBuilder().softDelete().where('id = 1').execute(),
  'a query builder: restore': () => things.createQueryBuilder().restore().where('id = 3').execute(),
  'a query builder: relation': () => things.createQueryBuilder().relation(Things, 'friends').of(1).add(2),
  'a query builder of the data source': () => source.createQueryBuilder().insert().into(Things).values(row(10)).execute(),
  'a query builder of the data source with an alias': () =>
    source.createQueryBuilder(Things, 'thing').update().set({ name: 'x' }).where('id = 1').execute(),
  'a query builder that was made before': () => early.builder.clone().insert().values(row(10)).execute(),
  'manager.save': () => source.manager.save('Thing', row(10)),
  'manager.query': () => source.manager.query(sql(10)),
  'manager.transaction': () => source.manager.transaction((tx) => tx.insert('Thing', row(10))),
  'manager.transaction with an isolation level': () =>
    source.manager.transaction('SERIALIZABLE', (tx) => tx.insert('Thing', row(10))),
  'manager.transaction in itself': () =>
    source.manager.transaction((outer) => outer.transaction((inner) => inner.insert('Thing', row(10)))),
  'repository.manager.transaction': () => things.manager.transaction((tx) => tx.withRepository(things).save(row(10))),
  'a manager that is made inside': () => source.createEntityManager().save('Thing', row(10)),
  'source.query': () => source.query(sql(10)),
  'source.sql': () => source.sql`insert into thing (id, name) values (${10}, 'tagged')`,
  'saves in parallel': () => Promise.all([10, 11, 12].map((id) => things.save(row(id)))),
};

describe('inside a transaction', () => {
  it.each(Object.keys(WAYS))('%s is rolled back and committed with it', async (way) => {
    const before = await content();
    await expect(unit.required(() => WAYS[way]!().then(fail('back')))).rejects.toThrow('back');
    expect(await content()).toEqual(before);
    await unit.required(WAYS[way]!);
    expect(await content()).not.toEqual(before);
  });

  it.each(Object.keys(WAYS))('%s still commits by itself outside of it', async (way) => {
    const before = await content();
    await WAYS[way]!();
    expect(await content()).not.toEqual(before);
  });

  it('injected repositories send neither BEGIN nor COMMIT', async () => {
    await unit.required(async () => {
      const sent: unknown[] = [];
      const client = (await manager().queryRunner!.connect()) as { query(...args: unknown[]): unknown };
      const { query } = client;
      client.query = (...args) => {
        sent.push(args[0]);
        return query.apply(client, args);
      };
      await things.save([row(10), row(11)]);
      client.query = query;
      expect(sent).toHaveLength(2); // the read of what is there, and one INSERT
    });
  });

  it('reads see what the transaction wrote, also those of a query builder that was made before and of its cache', async () => {
    await unit.required(async () => {
      await things.insert(row(10));
      expect(await things.existsBy({ id: 10 })).toBe(true);
      expect(await early.builder.clone().where('thing.id = 10').getOne()).toMatchObject({ id: 10 });
      expect(await source.getTreeRepository(Folders).findTrees()).toHaveLength(1);
      expect(await backend(source)).toBe(await backend(manager()));
    });
    expect(await early.builder.clone().where('thing.id = 10').getOne()).toMatchObject({ id: 10 });
  });

  it('manager.transaction that fails takes back its own part and its callbacks alone', async () => {
    const ran: string[] = [];
    await unit.required(async () => {
      await things.insert(row(10));
      const inner = things.manager.transaction(async (tx) => {
        await tx.insert('Thing', row(11));
        afterCommit(() => ran.push('inner'));
        throw new Error('inner');
      });
      await expect(inner).rejects.toThrow('inner');
      afterCommit(() => ran.push('outer'));
    });
    expect([await things.existsBy({ id: 10 }), await things.existsBy({ id: 11 }), ran]).toEqual([true, false, ['outer']]);
  });

  it.each<[string, () => unknown]>([
    ['dataSource.transaction()', () => source.transaction(async () => undefined)],
    ['dataSource.createQueryRunner()', () => source.createQueryRunner()],
    ['a query runner that was made outside', () => early.runner.query(sql(11))],
    ['a transaction of a query runner that was made outside', () => early.runner.startTransaction()],
    ['dataSource.query with a query runner that was made outside', () => source.query(sql(11), [], early.runner)],
    ['dataSource.synchronize()', () => source.synchronize()],
    ['dataSource.runMigrations()', () => source.runMigrations()],
    ['dataSource.dropDatabase()', () => source.dropDatabase()],
  ])('%s is refused, and the transaction goes on', async (_, open) => {
    await unit.required(async () => {
      await expect((async () => open())()).rejects.toMatchObject({
        code: 'PIKAIA_TRANSACTION_OWN_CONNECTION',
        message: expect.stringMatching(/Propagation\.RequiresNew.*outsideTransaction/),
      });
      await things.insert(row(10));
    });
    expect((await things.find()).map(({ id }) => id).sort()).toEqual([1, 10, 2]);
  });

  it('the connection cannot be given back early, nor a transaction begun or ended on it', async () => {
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
    expect(await bench.notes()).toEqual(['kept']);
  });

  it('a second data source stays independent', async () => {
    const second = await new DataSource({ type: 'postgres', url: bench.url, entities: [Things, Parts, Folders] }).initialize();
    const work = unit.required(async () => {
      await second.getRepository(Things).save(row(10));
      await second.transaction((tx) => tx.insert(Things, row(11)));
      await things.insert(row(12));
      throw new Error('planned');
    });
    await expect(work).rejects.toThrow(/^planned$/);
    await second.destroy();
    expect((await things.find()).map(({ id }) => id).sort()).toEqual([1, 10, 11, 2]);
  });
});

describe('a promise that outlives its transaction', () => {
  it.each(Object.keys(WAYS))('cannot write by %s', async (way) => {
    const before = await content();
    const later = gate();
    const late: Promise<PromiseSettledResult<unknown>>[] = [];
    await unit.required(async () => {
      late.push(floating(later.opened.then(() => WAYS[way]!())));
      await unit.required(async () => void late.push(floating(later.opened.then(() => WAYS[way]!()))));
    });
    later.open();
    const ended = { status: 'rejected', reason: { code: 'PIKAIA_TRANSACTION_ENDED' } };
    expect(await Promise.all(late)).toMatchObject([ended, ended]);
    expect(await content()).toEqual(before);
  });

  it('is waited for when it has begun to write by an injected repository, all of its statements', async () => {
    await unit.required(async () => {
      void things.save({ ...row(10), parts: [{ id: 1 }], friends: [{ id: 1 } as Thing] });
      await insert('begun');
    });
    const relations = { parts: true, friends: true };
    expect(await things.findOne({ where: { id: 10 }, relations })).toMatchObject({ parts: [{ id: 1 }], friends: [{ id: 1 }] });
  });

  it.each<[string, () => unknown]>([
    ['dataSource.transaction()', () => source.transaction(async () => undefined)],
    ['dataSource.createQueryRunner()', () => source.createQueryRunner()],
  ])('cannot call %s', async (_, open) => {
    const later = gate();
    let late!: Promise<unknown>;
    await unit.required(async () => {
      late = floating(later.opened.then(open));
    });
    later.open();
    expect(await late).toMatchObject({ reason: { code: 'PIKAIA_TRANSACTION_ENDED' } });
  });
});

describe('an injected repository', () => {
  const name = async (): Promise<string | undefined> => (await things.findOneBy({ id: 1 }))?.name;

  it('writes to the new transaction with RequiresNew', async () => {
    const work = unit.required(async () => {
      await things.insert(row(10));
      await unit.requiresNew(() => things.insert(row(11)));
      await things.insert(row(12));
      throw new Error('planned');
    });
    await expect(work).rejects.toThrow(/^planned$/);
    expect((await things.find()).map(({ id }) => id).sort()).toEqual([1, 11, 2]);
  });

  it.each<[string, (work: () => Promise<unknown>) => Promise<unknown>]>([
    ['NotSupported', (work) => unit.notSupported(work)],
    ['outsideTransaction', (work) => outsideTransaction(work)],
  ])('writes outside the transaction with %s', async (_, outside) => {
    const work = unit.required(async () => {
      await things.insert(row(10));
      const inside = await backend(manager());
      await outside(async () => {
        expect(inTransaction()).toBe(false);
        expect(await backend(source)).not.toBe(inside);
        expect(await things.existsBy({ id: 10 })).toBe(false);
        await things.insert(row(11));
        await source.transaction((tx) => tx.insert(Things, row(12)));
      });
      expect([inTransaction(), await things.existsBy({ id: 10 })]).toEqual([true, true]);
      throw new Error('planned');
    });
    await expect(work).rejects.toThrow(/^planned$/);
    expect((await things.find()).map(({ id }) => id).sort()).toEqual([1, 11, 12, 2]);
  });

  it.each(['mandatory', 'supports', 'nested'] as const)('writes to the transaction with Propagation.%s', async (joined) => {
    const work = unit.required(() => unit[joined](() => things.update(1, { name: joined })).then(fail('planned')));
    await expect(work).rejects.toThrow(/^planned$/);
    expect(await name()).toBe('one');
    await unit.required(() => unit[joined](() => things.update(1, { name: joined })));
    expect(await name()).toBe(joined);
  });

  it.each(['never', 'supports', 'notSupported'] as const)('writes by itself with Propagation.%s', async (without) => {
    await unit[without](() => things.update(1, { name: without }).then(fail('planned'))).catch(() => undefined);
    expect(await name()).toBe(without);
    if (without === 'never') await expect(unit.required(async () => unit.never(name))).rejects.toThrow();
  });

  it('is rolled back with the savepoint in which it writes', async () => {
    await unit.required(async () => {
      await unit.nested(() => things.save([row(10), row(11)]).then(fail('planned'))).catch(() => undefined);
      await things.insert(row(12));
    });
    expect((await things.find()).map(({ id }) => id).sort()).toEqual([1, 12, 2]);
  });

  it('writes outside in work that outlives the transaction, if that work runs in outsideTransaction', async () => {
    const later = gate();
    let late!: Promise<unknown>;
    await unit.required(async () => {
      late = outsideTransaction(() => later.opened.then(() => things.insert(row(10))));
    });
    later.open();
    await late;
    expect(await things.existsBy({ id: 10 })).toBe(true);
  });
});
