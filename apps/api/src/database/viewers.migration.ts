import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the read-only role of the platform. Locks: organizations_user, briefly. The previous version of the code refuses viewers. */
export class AddViewers1764600009000 implements MigrationInterface {
  readonly name = 'AddViewers1764600009000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table organizations_user add column viewer boolean not null default false,
  add constraint organizations_user_platform_role check (not (operator and viewer));
comment on column organizations_user.viewer is 'Reads what an operator reads and changes nothing; belongs to no organization';
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table organizations_user drop column viewer');
  }
}
