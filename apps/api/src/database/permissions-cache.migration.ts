import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api, worker } = defaultRoles;

/**
 * Creates the table that the consumer permissions-cache keeps. Locks: none, because the table is new. The previous version of the
 * code does not use it.
 */
export class CreatePermissionsCache1764500003000 implements MigrationInterface {
  readonly name = 'CreatePermissionsCache1764500003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table permissions_cache (
  member_id uuid primary key,
  organization_id uuid not null,
  role text check (role in ('member', 'admin')),
  sequence bigint not null,
  changed_at timestamptz not null
);
comment on table permissions_cache is 'The role of each member, as the consumer permissions-cache knows it from events. A replay rebuilds it. Authorization never reads it';
comment on column permissions_cache.role is 'Null once the member was removed';
comment on column permissions_cache.sequence is 'The position of the event that the row shows; only a later event changes the row';
comment on column permissions_cache.changed_at is 'The time of that event, by the clock of its publisher';
grant select on permissions_cache to ${api};
grant select, insert, update on permissions_cache to ${worker};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table permissions_cache');
  }
}
