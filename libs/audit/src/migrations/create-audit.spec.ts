import { randomBytes } from 'node:crypto';
import { migrate, type RoleNames } from '@pikaia/database';
import type pg from 'pg';
import type { MigrationInterface } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { auditMigrations } from './index.js';

const suffix = randomBytes(4).toString('hex');
const ownerRole = `owner_${suffix}`;
const roles: RoleNames = {
  api: `api_${suffix}`,
  worker: `worker_${suffix}`,
  auditOwner: `audit_owner_${suffix}`,
  auditOperator: `audit_operator_${suffix}`,
};

let database: TestDatabase;
let superuser: pg.Client;
let url: string;

beforeAll(async () => {
  database = await createDatabase({ empty: true });
  superuser = await connect(database.ownerUrl);
  await superuser.query(`create role ${ownerRole} login createrole password 'owner'`);
  await superuser.query(`grant create on schema public to ${ownerRole}`);
  await superuser.query(`do $$ begin execute format('grant create on database %I to ${ownerRole}', current_database()); end $$`);
  const parsed = new URL(database.ownerUrl);
  [parsed.username, parsed.password] = [ownerRole, 'owner'];
  url = parsed.href;
});

afterAll(async () => {
  await superuser.end();
  await database.drop();
});

describe('the audit migration', () => {
  it('runs as an owner that is not a superuser, with other role names, and omits only the DDL guard', async () => {
    const { applied } = await migrate({
      url,
      roles,
      migrations: auditMigrations(roles),
      passwords: { api: 'api', worker: 'worker' },
    });
    expect(applied).toEqual(['CreateAudit1764000002000', 'CommentAudit1764400002000']);
    const { rows } = await superuser.query(`select tableowner from pg_tables where schemaname = 'audit' group by 1`);
    expect(rows).toEqual([{ tableowner: roles.auditOwner }]);
    expect((await superuser.query('select from pg_event_trigger')).rowCount).toBe(0);
  });

  it('leaves the owner able to read and grants the roles what they need', async () => {
    const owner = await connect(url);
    expect((await owner.query('select * from events_auditlog')).rows).toEqual([]);
    const { rows: version } = await owner.query<{ number: number }>(
      `select current_setting('server_version_num')::int as number`,
    );
    // Before PostgreSQL 16, the attribute of the member decides inheritance, so only the triggers stop the owner.
    if (version[0]!.number >= 160_000) {
      await expect(owner.query('delete from audit.record')).rejects.toMatchObject({ code: '42501' });
    }
    await owner.end();
    const parsed = new URL(url);
    [parsed.username, parsed.password] = [roles.api, 'api'];
    const api = await connect(parsed.href);
    await api.query(`begin; set local role ${roles.auditOperator}`);
    expect((await api.query('select * from events_auditlog')).rows).toEqual([]);
    await api.end();
  });

  it('refuses to be reverted', async () => {
    const [CreateAudit] = auditMigrations(roles) as (new () => MigrationInterface)[];
    await expect(new CreateAudit!().down({} as never)).rejects.toMatchObject({ code: 'PIKAIA_AUDIT_PERMANENT' });
  });
});
