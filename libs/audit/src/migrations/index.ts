import { PikaiaError } from '@pikaia/core';
import { defaultRoles, type RoleNames } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditFunctions, auditView } from './audit-functions.sql.js';
import { auditGuard } from './audit-guard.sql.js';
import { auditRights, auditViewRights } from './audit-rights.sql.js';
import { auditTables } from './audit-tables.sql.js';

/** The audit log's tables, triggers, policies, view and grants, for TypeORM. `migrate` of @pikaia/database makes the roles beforehand. */
export function auditMigrations(roles: RoleNames = defaultRoles): (new () => MigrationInterface)[] {
  class CreateAudit1764000002000 implements MigrationInterface {
    readonly name = 'CreateAudit1764000002000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(`set local audit.migrating = 'yes'`); // what the guard asks every migration of this schema for
      await runner.query(`create schema audit authorization ${roles.auditOwner}`);
      await runner.query(`set local role ${roles.auditOwner}`);
      // For the role in this database: "in schema audit" would do nothing.
      await runner.query('alter default privileges revoke execute on functions from public');
      await runner.query(auditTables);
      await runner.query(auditFunctions);
      await runner.query(auditRights(roles));
      await runner.query('reset role'); // or TypeORM's own insert runs as a role that may not
      await runner.query(auditView);
      await runner.query(auditViewRights(roles));
      await runner.query(auditGuard);
    }

    /** @throws PikaiaError `PIKAIA_AUDIT_PERMANENT`, always. */
    async down(): Promise<void> {
      throw new PikaiaError(
        'PIKAIA_AUDIT_PERMANENT',
        'A migration does not remove the audit log. To throw away a development database, drop the database itself.',
      );
    }
  }
  return [CreateAudit1764000002000];
}
