import { newId } from '@pikaia/core';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { AuditedEntity } from './audited-entity.decorator.js';
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

let database: TestDatabase;
let source: DataSource;

beforeAll(async () => {
  database = await createDatabase();
  source = new DataSource({ type: 'postgres', url: database.ownerUrl, entities: [Article], synchronize: true });
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
