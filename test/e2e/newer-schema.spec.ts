import { migrateSchema } from '../../apps/api/src/database/schema.js';
import { executeSql, ROLE_PASSWORDS, type TestDatabase } from '../support/database/database.js';
import { createApiDatabase } from '../support/system/api-database.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';

const TABLES = `
  select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema')
    and c.relname <> 'migrations'`;

/** A migration that a later version can contain. It only adds objects, as docs/deploying.md requires, in one transaction. */
const LATER_MIGRATION = `
  set local audit.migrating = 'yes';
  do $$ declare t text; begin
    for t in ${TABLES} loop
      execute format('alter table %s add column "of_a_later_version" text not null default ''later''', t);
      execute format('create index on %s ("of_a_later_version")', t);
    end loop;
  end $$;
  create table a_later_table (id bigint primary key);
  create schema later;
  insert into migrations (timestamp, name) values (9999999999999, 'OfALaterVersion9999999999999')`;

/** A rollback to this version keeps the newer schema. */
describe('this version with the database schema of a later version', () => {
  let database: TestDatabase;
  let system: System;

  beforeAll(async () => {
    database = await createApiDatabase();
    await executeSql(database.ownerUrl, LATER_MIGRATION);
    system = await System.start({ database });
  });
  afterAll(() => system.stop());

  it('has no migrations to run', async () => {
    expect(await migrateSchema(database.ownerUrl, ROLE_PASSWORDS)).toEqual({ createdRoles: [], applied: [] });
  });

  it('invites, publishes, sends the email, records and responds as usual', async () => {
    const invitation = await system.request('POST', '/members/invitations', {
      as: ALICE,
      body: { email: 'bob@example.com', role: 'member' },
    });
    expect(invitation.status).toBe(201);
    const correlationId = invitation.headers.get('x-correlation-id')!;
    const trail = await waitFor('the email in the trail', async () => {
      const { body } = await system.request('GET', `/admin/correlations/${correlationId}`, { as: ALICE });
      return JSON.stringify(body).includes('welcome_email_sent') && body;
    });
    expect(JSON.stringify(trail)).toContain('member.invited');
    const { body: members } = await system.request('GET', '/members', { as: ALICE });
    expect(JSON.stringify(members)).toContain('bob@example.com');
    for (const list of ['/admin/events', '/admin/audit-logs']) {
      const { status, body } = await system.request('GET', list, { as: ALICE });
      expect([status, JSON.stringify(body).includes(correlationId)]).toEqual([200, true]);
      expect(JSON.stringify(body)).not.toContain('of_a_later_version');
    }
    const role = await system.request('PATCH', `/members/${String(invitation.body.id)}`, { as: ALICE, body: { role: 'admin' } });
    expect(role.status).toBe(200);
    expect(system.lines.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]);
  });
});

it('the check reports a migration that is incompatible with the running version', async () => {
  const database = await createApiDatabase();
  const system = await System.start({ database, worker: false });
  await executeSql(
    database.ownerUrl,
    `alter table outbox.outbox_log add column of_a_later_version text not null default '';
     alter table outbox.outbox_log alter column of_a_later_version drop default`,
  );
  const { status } = await system.request('POST', '/members/invitations', {
    as: ALICE,
    body: { email: 'bob@example.com', role: 'member' },
  });
  expect(status).toBe(500);
  await system.stop();
});
