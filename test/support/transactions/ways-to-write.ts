import { EntitySchema, type QueryRunner, type Repository, type SelectQueryBuilder } from 'typeorm';
import { TransactionFixture } from './transaction.fixture.js';

export interface Thing {
  id: number;
  name: string;
  count: number;
  deletedAt: Date | null;
  parts?: Part[];
  friends?: Thing[];
}
export interface Part {
  id: number;
  thing?: Thing;
}
export interface Folder {
  id: number;
  parent?: Folder;
}

export const Things = new EntitySchema<Thing>({
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
export const Parts = new EntitySchema<Part>({
  name: 'Part',
  tableName: 'part',
  columns: { id: { type: 'int', primary: true } },
  relations: { thing: { type: 'many-to-one', target: 'Thing', joinColumn: { name: 'thing' }, inverseSide: 'parts' } },
});
export const Folders = new EntitySchema<Folder>({
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
/** Selects the content of all tables. Each way to write changes the result. */
const CONTENT = `
  select (select json_agg(t order by id) from thing t) as things, (select json_agg(p order by id) from part p) as parts,
    (select json_agg(f) from thing_friend f) as friends, (select json_agg(d order by id) from folder d) as folders`;

const INITIAL_CONTENT = `truncate note, thing, part, thing_friend, folder;
  insert into thing values (1, 'one', 1, null), (2, 'two', 2, null), (3, 'three', 3, now()); insert into folder values (1, null, '1.')`;

export const newThing = (id: number): Partial<Thing> => ({ id, name: `thing ${id}` });
export const insertThingSql = (id: number): string => `insert into thing (id, name) values (${id}, 'sql')`;

/** A fixture with the tables to write to, and with objects that an application injects or creates before any transaction. */
export class WritersFixture extends TransactionFixture {
  things!: Repository<Thing>;
  named!: Repository<Thing> & { insertNamed(name: string): Promise<unknown> };
  createdBefore!: { readonly builder: SelectQueryBuilder<Thing>; readonly runner: QueryRunner };

  constructor() {
    super({ entities: [Things, Parts, Folders], tables: TABLES });
  }

  readonly content = async (): Promise<unknown> => (await this.owner.query(CONTENT)).rows[0];

  override async open(): Promise<void> {
    await super.open();
    this.things = this.source.getRepository(Things);
    this.named = this.things.extend({
      insertNamed(this: Repository<Thing>, name: string) {
        return this.insert({ id: 10, name });
      },
    });
    this.createdBefore = { builder: this.things.createQueryBuilder('thing'), runner: this.source.createQueryRunner() };
  }

  override async reset(): Promise<void> {
    await this.owner.query(INITIAL_CONTENT);
  }

  override async close(): Promise<void> {
    await this.createdBefore.runner.release();
    await super.close();
  }
}

/** The ways in which TypeORM writes, by name. Each changes the content of the tables. */
export const WAYS_TO_WRITE: Readonly<Record<string, (from: WritersFixture) => Promise<unknown>>> = {
  'repository.save': (from) => from.things.save(newThing(10)),
  'repository.save of many': (from) => from.things.save([newThing(10), newThing(11), newThing(12)]),
  'repository.save of many in chunks': (from) => from.things.save([newThing(10), newThing(11), newThing(12)], { chunk: 1 }),
  'repository.save without its own transaction': (from) => from.things.save(newThing(10), { transaction: false }),
  'repository.save with a cascade': (from) => from.things.save({ ...newThing(10), parts: [{ id: 1 }, { id: 2 }] }),
  'repository.save of what was there': (from) => from.things.save({ ...newThing(1), count: 9 }),
  'repository.save with a relation of many to many': (from) =>
    from.things.save({ ...newThing(10), friends: [{ id: 1 } as Thing] }),
  'repository.insert': (from) => from.things.insert(newThing(10)),
  'repository.update': (from) => from.things.update({ id: 1 }, { name: 'changed' }),
  'repository.updateAll': (from) => from.things.updateAll({ name: 'changed' }),
  'repository.upsert': (from) => from.things.upsert([{ ...newThing(1) }, newThing(10)], ['id']),
  'repository.delete': (from) => from.things.delete({ id: 1 }),
  'repository.deleteAll': (from) => from.things.deleteAll(),
  'repository.remove': (from) => from.things.remove({ id: 1 } as Thing),
  'repository.softDelete': (from) => from.things.softDelete({ id: 1 }),
  'repository.softRemove': (from) => from.things.softRemove({ id: 1 } as Thing),
  'repository.restore': (from) => from.things.restore({ id: 3 }),
  'repository.recover': (from) => from.things.recover({ id: 3 } as Thing),
  'repository.increment': (from) => from.things.increment({ id: 1 }, 'count', 5),
  'repository.decrement': (from) => from.things.decrement({ id: 1 }, 'count', 5),
  'repository.clear': (from) =>
    from.source
      .getRepository(Parts)
      .save({ id: 1 })
      .then(() => from.things.clear({ cascade: true })),
  'repository.query': (from) => from.things.query(insertThingSql(10)),
  'a repository that is extended': (from) => from.named.insertNamed('extended'),
  'a repository that is extended inside': (from) => from.things.extend({}).insert(newThing(10)),
  'a repository that is got inside': (from) => from.source.getRepository('Part').insert({ id: 1 }),
  'manager.withRepository': (from) => from.source.manager.withRepository(from.named).insertNamed('with'),
  'a tree repository': (from) => from.source.getTreeRepository(Folders).save({ id: 2, parent: { id: 1 } }),
  'a query builder: insert': (from) => from.things.createQueryBuilder().insert().values(newThing(10)).execute(),
  'a query builder: update': (from) => from.things.createQueryBuilder().update().set({ name: 'x' }).where('id = 1').execute(),
  'a query builder: delete': (from) => from.things.createQueryBuilder().delete().where('id = 1').execute(),
  'a query builder: soft delete': (from) => from.things.createQueryBuilder().softDelete().where('id = 1').execute(),
  'a query builder: restore': (from) => from.things.createQueryBuilder().restore().where('id = 3').execute(),
  'a query builder: relation': (from) => from.things.createQueryBuilder().relation(Things, 'friends').of(1).add(2),
  'a query builder of the data source': (from) =>
    from.source.createQueryBuilder().insert().into(Things).values(newThing(10)).execute(),
  'a query builder of the data source with an alias': (from) =>
    from.source.createQueryBuilder(Things, 'thing').update().set({ name: 'x' }).where('id = 1').execute(),
  'a query builder that was made before': (from) => from.createdBefore.builder.clone().insert().values(newThing(10)).execute(),
  'manager.save': (from) => from.source.manager.save('Thing', newThing(10)),
  'manager.query': (from) => from.source.manager.query(insertThingSql(10)),
  'manager.transaction': (from) => from.source.manager.transaction((tx) => tx.insert('Thing', newThing(10))),
  'manager.transaction with an isolation level': (from) =>
    from.source.manager.transaction('SERIALIZABLE', (tx) => tx.insert('Thing', newThing(10))),
  'manager.transaction in itself': (from) =>
    from.source.manager.transaction((outer) => outer.transaction((inner) => inner.insert('Thing', newThing(10)))),
  'repository.manager.transaction': (from) =>
    from.things.manager.transaction((tx) => tx.withRepository(from.things).save(newThing(10))),
  'a manager that is made inside': (from) => from.source.createEntityManager().save('Thing', newThing(10)),
  'source.query': (from) => from.source.query(insertThingSql(10)),
  'source.sql': (from) => from.source.sql`insert into thing (id, name) values (${10}, 'tagged')`,
  'saves in parallel': (from) => Promise.all([10, 11, 12].map((id) => from.things.save(newThing(id)))),
};
