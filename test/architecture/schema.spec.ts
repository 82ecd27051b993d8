import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { schemaDocument } from '../../scripts/schema/document.ts';
import { connect, type TestDatabase } from '../support/database/database.js';
import { createApiDatabase } from '../support/system/api-database.js';

let database: TestDatabase;
let owner: pg.Client;

beforeAll(async () => {
  database = await createApiDatabase();
  owner = await connect(database.ownerUrl);
});

afterAll(async () => {
  await owner.end();
  await database.drop();
});

describe('docs/schema.md', () => {
  it('shows the migrated database (to update it, run: npm run docs:schema)', async () => {
    const written = readFileSync(join(__dirname, '../../docs/schema.md'), 'utf8');
    expect(await schemaDocument(owner)).toBe(written);
  });

  it.each([
    ['an index without a reason', 'create index planted on outbox.outbox_log (occurred_at)', 'index outbox.planted'],
    ['a table without a comment', 'create table public.planted (id int primary key)', 'table public.planted'],
    [
      'a function without a comment',
      'create function outbox.planted() returns int language sql return 1',
      'function outbox.planted',
    ],
  ])('the check reports %s', async (_, statement, named) => {
    await owner.query('begin');
    await owner.query(statement);
    await expect(schemaDocument(owner)).rejects.toThrow(named);
    await owner.query('rollback');
  });

  it.each([
    ['a column', 'alter table outbox.outbox_sink add planted int'],
    ['a column grant', 'grant update (payload) on outbox.outbox_log to pikaia_api'],
    [
      'a trigger',
      'create trigger planted before insert on outbox.outbox_sink execute function suppress_redundant_updates_trigger()',
    ],
    ['the grants of a function', 'grant execute on function outbox.empty_slot to pikaia_api'],
    ['row-level security', `set local audit.migrating = 'yes'; alter table audit.record disable row level security`],
  ])('the document differs after a change of %s', async (_, statement) => {
    const before = await schemaDocument(owner);
    await owner.query('begin');
    await owner.query(statement);
    expect(await schemaDocument(owner)).not.toBe(before);
    await owner.query('rollback');
  });
});
