import { defaultRoles, type RoleNames } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { outboxFunctions } from './outbox-functions.sql.js';
import { outboxGrants } from './outbox-grants.sql.js';
import { outboxTables } from './outbox-tables.sql.js';

/** The outbox's tables, functions, view and grants, for TypeORM. `migrate` of @pikaia/database makes the roles beforehand. */
export function outboxMigrations(roles: RoleNames = defaultRoles): (new () => MigrationInterface)[] {
  class CreateOutbox1764000001000 implements MigrationInterface {
    readonly name = 'CreateOutbox1764000001000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(outboxTables);
      await runner.query(outboxFunctions);
      await runner.query(outboxGrants(roles));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query('drop view public.events_outboxevent; drop schema outbox cascade');
    }
  }
  return [CreateOutbox1764000001000];
}
