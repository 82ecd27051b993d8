import { newId } from '@pikaia/core';
import fc from 'fast-check';
import { Column, DataSource, Entity, JoinTable, ManyToMany, PrimaryColumn } from 'typeorm';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { aggregateOf, AuditedEntity } from './audited-entity.decorator.js';
import { diff } from './diff.js';
import { Personal, Public, Secret } from './field-policy.decorator.js';
import { snapshot } from './snapshot.js';

@Entity('spec_article')
@AuditedEntity({ type: 'article' })
class Article {
  @PrimaryColumn('uuid')
  @Public()
  id!: string;

  @Column('text', { nullable: true })
  @Public()
  title!: string | null;

  @Column('text')
  @Personal('id')
  author!: string;

  @Column('text', { select: false })
  @Secret()
  token!: string;

  @Column('jsonb')
  @Public({ keys: ['theme'] })
  settings: unknown;
}

@Entity('spec_label')
class Label {
  @PrimaryColumn('uuid')
  id!: string;
}

@Entity('spec_reader')
@AuditedEntity({ type: 'reader', id: ['country', 'number'] })
class Reader {
  @PrimaryColumn('text')
  @Public()
  country!: string;

  @PrimaryColumn('int')
  @Public()
  number!: number;
}

@Entity('spec_page')
@AuditedEntity({ type: 'page' })
class Page {
  @PrimaryColumn('uuid')
  @Public()
  id!: string;

  @ManyToMany(() => Label)
  @JoinTable({ name: 'spec_page_label' })
  @Public()
  labels!: Label[];

  @ManyToMany(() => Reader)
  @JoinTable({ name: 'spec_page_reader' })
  @Personal('id')
  readers!: Reader[];

  @ManyToMany(() => Label)
  @JoinTable({ name: 'spec_page_hidden' })
  @Secret()
  hidden!: Label[];
}

let database: TestDatabase;
let source: DataSource;

beforeAll(async () => {
  database = await createDatabase();
  source = new DataSource({
    type: 'postgres',
    url: database.ownerUrl,
    entities: [Article, Label, Reader, Page],
    synchronize: true,
  });
  await source.initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

/** Saves an article, and loads it with all columns and with two. */
async function loadArticle(): Promise<{ whole: Article; part: Article }> {
  const articles = source.getRepository(Article);
  const id = newId();
  const values = { id, title: 'First title', author: 'Alice', token: 'secret', settings: { theme: 'dark', other: 1 } };
  await articles.save(articles.create(values));
  const whole = await articles.findOneByOrFail({ id });
  const part = await articles.findOneOrFail({ where: { id }, select: { id: true, title: true } });
  return { whole, part };
}

describe('diff of a partially loaded entity', () => {
  it('never shows a field that the query did not select as deleted', async () => {
    const { whole, part } = await loadArticle();
    part.title = 'Second title';
    expect(diff(snapshot(whole), part)).toEqual({
      changed: ['title'],
      old: { title: 'First title' },
      new: { title: 'Second title' },
      personal: new Map(),
    });
  });

  it('shows no change between two loads of one row that select different columns', async () => {
    const { whole, part } = await loadArticle();
    expect([diff(snapshot(whole), part).changed, diff(snapshot(part), part).changed]).toEqual([[], []]);
  });

  it('shows an assigned field that the query did not select with its new value alone', async () => {
    const { part } = await loadArticle();
    const before = snapshot(part);
    Object.assign(part, { author: 'Bob', token: 'other secret', settings: { theme: 'light' } });
    expect(diff(before, part)).toEqual({
      changed: ['author', 'settings.theme', 'token'],
      old: {},
      new: { author: { personal: part.id }, 'settings.theme': 'light' },
      personal: new Map([[part.id, { old: {}, new: { author: 'Bob' } }]]),
    });
  });

  it('still shows a field that is set to null, and a key that is removed from a loaded JSON value, as deleted', async () => {
    const { whole } = await loadArticle();
    const before = snapshot(whole);
    Object.assign(whole, { title: null, settings: { other: 1 } });
    const { old, new: now } = diff(before, whole);
    expect([old, now]).toEqual([{ title: 'First title', 'settings.theme': 'dark' }, { title: null }]);
  });

  it('shows only the fields that were read of a removed entity', async () => {
    const { part } = await loadArticle();
    expect(diff(snapshot(part), null)).toMatchObject({ changed: ['id', 'title'], old: { title: 'First title' }, new: null });
  });
});

describe('diff of a many-to-many relation', () => {
  const labels = ['1', '2', '3'].map((digit) => ({ id: `00000000-0000-4000-8000-00000000000${digit}` }));
  const [one, two, three] = labels as [Label, Label, Label];
  const readers = [
    { country: 'GB', number: 7 },
    { country: 'NZ', number: 7 },
  ] as const;
  const relations = { labels: true, readers: true, hidden: true } as const;

  async function savePage(): Promise<Page> {
    const { manager } = source;
    await manager.save([...manager.create(Label, labels), ...manager.create(Reader, [...readers])]);
    const { id } = await manager.save(
      manager.create(Page, { id: newId(), labels: [one, two], readers: [readers[0]], hidden: [] }),
    );
    return manager.findOneOrFail(Page, { where: { id }, relations });
  }

  it('shows the ids of added and removed entities, in the entry, with the person, or not at all', async () => {
    const page = await savePage();
    const before = snapshot(page);
    Object.assign(page, { labels: [three, two], readers: [readers[1]], hidden: [one] });
    const after = await source.manager.save(page);
    expect(diff(before, after)).toEqual({
      changed: ['hidden', 'labels', 'readers'],
      old: { labels: { removed: [one.id] }, readers: { personal: page.id } },
      new: { labels: { added: [three.id] }, readers: { personal: page.id } },
      personal: new Map([[page.id, { old: { readers: { removed: ['GB:7'] } }, new: { readers: { added: ['NZ:7'] } } }]]),
    });
    const reloaded = await source.manager.findOneOrFail(Page, { where: { id: page.id }, relations });
    expect(diff(snapshot(after), reloaded).changed).toEqual([]); // neither the order nor the objects matter
  });

  it('shows all entities as added with a created entity and as removed with a removed one, and no empty relation', async () => {
    const page = await savePage();
    const [created, removed] = [diff(null, page), diff(snapshot(page), null)];
    expect(created).toMatchObject({ changed: ['id', 'labels', 'readers'], new: { labels: { added: [one.id, two.id] } } });
    expect(removed).toMatchObject({ changed: ['id', 'labels', 'readers'], old: { labels: { removed: [one.id, two.id] } } });
  });

  it('never shows a relation that was not loaded as emptied, and shows all ids if only the new ones are known', async () => {
    const page = await savePage();
    const { id } = page;
    const part = await source.manager.findOneByOrFail(Page, { id });
    expect(diff(snapshot(page), part).changed).toEqual([]);
    const before = snapshot(part);
    part.labels = [three];
    expect(diff(before, part)).toMatchObject({ changed: ['labels'], old: {}, new: { labels: { all: [three.id] } } });
  });

  it('refuses a related entity without an id', () => {
    const page = Object.assign(new Page(), { id: newId(), labels: [new Label()] });
    expect(() => snapshot(page)).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_AUDIT_AGGREGATE_INVALID',
        message: expect.stringContaining('Label whose id is undefined'),
      }),
    );
  });

  it('leads from the old ids to the new ones, if the diff is applied', () => {
    const ids = fc.uniqueArray(fc.constantFrom(...'abcdefgh'));
    fc.assert(
      fc.property(ids, ids, (some, others) => {
        const [before, after] = [some, others].map((chosen) =>
          Object.assign(new Page(), { id: 'p', labels: chosen.map((id) => ({ id })) }),
        );
        const { old, new: now } = diff(snapshot(before!), after!) as unknown as Changes;
        const kept = some.filter((id) => !old.labels?.removed.includes(id));
        expect([...kept, ...(now.labels?.added ?? [])].sort()).toEqual([...others].sort());
      }),
      { seed: 43 },
    );
  });
});

interface Changes {
  readonly old: { readonly labels?: { readonly removed: readonly string[] } };
  readonly new: { readonly labels?: { readonly added: readonly string[] } };
}

describe('aggregate of an entity with a key of several columns', () => {
  const idOfReader = (country: string, number: number): string =>
    aggregateOf(Object.assign(new Reader(), { country, number })).id;

  it('has the values of all columns as its id, and no two keys have one id', () => {
    expect(idOfReader('GB', 7)).toBe('GB:7');
    const key = fc.tuple(
      fc.string({ unit: fc.constantFrom('a', ':', '%', '3A') }).filter((text) => text !== ''),
      fc.integer(),
    );
    fc.assert(
      fc.property(key, key, (some, other) => {
        expect(idOfReader(...some) === idOfReader(...other)).toBe(some.join('\0') === other.join('\0'));
      }),
      { seed: 42 },
    );
  });

  it('is refused if one column has no value', () => {
    expect(() => aggregateOf(Object.assign(new Reader(), { country: 'GB' }))).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_AUDIT_AGGREGATE_INVALID',
        message: expect.stringContaining('whose number is undefined'),
      }),
    );
  });
});
