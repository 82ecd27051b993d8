import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api } = defaultRoles;

/**
 * Creates the table in which the processes of the api count the requests of each organization. Locks: none, because the table is new.
 * The previous version of the code does not use it. The table is unlogged: a crash of the server empties it, and the limits start again.
 */
export class CreateRateLimitWindow1764600004000 implements MigrationInterface {
  readonly name = 'CreateRateLimitWindow1764600004000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create unlogged table rate_limit_window (
  organization_id uuid primary key,
  consumed bigint not null,
  ends_at timestamptz not null
);
comment on table rate_limit_window is 'The requests of each organization in the current window of its rate limit. One row per organization; unlogged, so a crash of the server empties it';
comment on column rate_limit_window.consumed is 'The requests that the processes have taken for the window, including those of refused requests';
comment on column rate_limit_window.ends_at is 'The end of the window; the next request after it begins a new one';
grant select, insert, update on rate_limit_window to ${api};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table rate_limit_window');
  }
}
