import { PikaiaError } from '@pikaia/core';
import { defaultRoles, roleNamesOf, type DatabaseRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditFunctions, auditView } from './audit-functions.sql.js';
import { auditGuard } from './audit-guard.sql.js';
import { auditRights, auditViewRights } from './audit-rights.sql.js';
import { auditComments, auditPublicComments } from './comments.sql.js';
import { auditTables } from './audit-tables.sql.js';

/**
 * Returns the TypeORM migrations of the audit log. `migrate` of @pikaia/database creates the roles before it runs them.
 *
 * @param given the same roles as in `migrate`.
 */
export function auditMigrations(given: DatabaseRoles = defaultRoles): (new () => MigrationInterface)[] {
  const roles = roleNamesOf(given);
  // With a single role, the owner of the audit tables is the role of the session.
  const setOwner = `set local role ${given === 'single' ? 'none' : roles.auditOwner}`;
  class CreateAudit1764000002000 implements MigrationInterface {
    readonly name = 'CreateAudit1764000002000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(`set local audit.migrating = 'yes'`); // the guard requires this from every migration of the schema
      await runner.query(`create schema audit authorization ${roles.auditOwner}`);
      await runner.query(setOwner);
      // Applies to all schemas of the role: with "in schema audit" the statement would have no effect. A single role also owns the
      // functions of the application, which have to stay executable.
      if (given !== 'single') await runner.query('alter default privileges revoke execute on functions from public');
      await runner.query(auditTables);
      await runner.query(auditFunctions);
      await runner.query(auditRights(roles));
      await runner.query('reset role'); // TypeORM inserts into its migrations table, which the audit owner may not
      await runner.query(auditView);
      await runner.query(auditViewRights(roles));
      await runner.query(auditGuard);
    }

    /** @throws PikaiaError `PIKAIA_AUDIT_PERMANENT`, always. */
    async down(): Promise<void> {
      throw new PikaiaError(
        'PIKAIA_AUDIT_PERMANENT',
        'A migration does not remove the audit log. To remove a development database, drop the database.',
      );
    }
  }
  class CommentAudit1764400002000 implements MigrationInterface {
    readonly name = 'CommentAudit1764400002000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(`set local audit.migrating = 'yes'`);
      await runner.query(setOwner);
      await runner.query(auditComments);
      await runner.query('reset role');
      await runner.query(auditPublicComments);
    }

    /** Older code ignores comments. */
    async down(): Promise<void> {}
  }
  return [CreateAudit1764000002000, CommentAudit1764400002000];
}
