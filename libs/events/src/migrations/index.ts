import { defaultRoles, type RoleNames } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { causation } from './causation.sql.js';
import { commandReasons, withoutCommandReasons } from './command-reasons.sql.js';
import { outboxComments } from './comments.sql.js';
import { expectedEvents } from './expected-events.sql.js';
import { housekeepingRun } from './housekeeping-run.sql.js';
import { leaderFailures } from './leader-failures.sql.js';
import { observers, withoutObservers } from './observers.sql.js';
import { createOpenDeliveryIndex, dropOpenDeliveryIndex } from './open-deliveries.sql.js';
import { outboxFunctions } from './outbox-functions.sql.js';
import { outboxGrants } from './outbox-grants.sql.js';
import { receiptClaims } from './receipt-claims.sql.js';
import { sinkTypes, withoutSinkTypes } from './sink-types.sql.js';
import { createOverviewIndexes, dropOverviewIndexes } from './overview-indexes.sql.js';
import { outboxTables } from './outbox-tables.sql.js';

/** Returns the TypeORM migrations of the outbox. `migrate` of @pikaia/database creates the roles before it runs them. */
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
  class AddLeaderFailures1764100001000 implements MigrationInterface {
    readonly name = 'AddLeaderFailures1764100001000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(leaderFailures(roles));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query('alter table outbox.outbox_sink drop column leader_failing_since, drop column leader_error');
    }
  }
  class AddSinkTypes1764200001000 implements MigrationInterface {
    readonly name = 'AddSinkTypes1764200001000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(sinkTypes(roles));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(withoutSinkTypes);
    }
  }
  class AddOpenDeliveryIndex1764300001000 implements MigrationInterface {
    readonly name = 'AddOpenDeliveryIndex1764300001000';
    readonly transaction = false;

    up(runner: QueryRunner): Promise<void> {
      return createOpenDeliveryIndex(runner);
    }

    down(runner: QueryRunner): Promise<void> {
      return dropOpenDeliveryIndex(runner);
    }
  }
  class AddReceiptClaims1764350001000 implements MigrationInterface {
    readonly name = 'AddReceiptClaims1764350001000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(receiptClaims);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query('alter table outbox.consumer_receipt drop column claim');
    }
  }
  class CommentOutbox1764400001000 implements MigrationInterface {
    readonly name = 'CommentOutbox1764400001000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(outboxComments);
    }

    /** Older code ignores comments. */
    async down(): Promise<void> {}
  }
  class AddObservers1764460001000 implements MigrationInterface {
    readonly name = 'AddObservers1764460001000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(observers);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(withoutObservers);
    }
  }
  class AddCausation1764470001000 implements MigrationInterface {
    readonly name = 'AddCausation1764470001000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(causation(roles));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query('alter table outbox.outbox_log drop column causation_id');
    }
  }
  class AddOverviewIndexes1764600009001 implements MigrationInterface {
    readonly name = 'AddOverviewIndexes1764600009001';
    readonly transaction = false;

    up(runner: QueryRunner): Promise<void> {
      return createOverviewIndexes(runner);
    }

    down(runner: QueryRunner): Promise<void> {
      return dropOverviewIndexes(runner);
    }
  }
  class AddCommandReasons1764600009002 implements MigrationInterface {
    readonly name = 'AddCommandReasons1764600009002';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(commandReasons(roles));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(withoutCommandReasons);
    }
  }
  class CreateHousekeepingRun1764600009004 implements MigrationInterface {
    readonly name = 'CreateHousekeepingRun1764600009004';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(housekeepingRun(roles));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query('drop table outbox.outbox_housekeeping');
    }
  }
  class AddExpectedEvents1764700004500 implements MigrationInterface {
    readonly name = 'AddExpectedEvents1764700004500';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(expectedEvents(roles));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query('alter table outbox.outbox_command drop column expected');
    }
  }
  return [
    CreateOutbox1764000001000,
    AddLeaderFailures1764100001000,
    AddSinkTypes1764200001000,
    AddOpenDeliveryIndex1764300001000,
    AddReceiptClaims1764350001000,
    CommentOutbox1764400001000,
    AddObservers1764460001000,
    AddCausation1764470001000,
    AddOverviewIndexes1764600009001,
    AddCommandReasons1764600009002,
    CreateHousekeepingRun1764600009004,
    AddExpectedEvents1764700004500,
  ];
}
