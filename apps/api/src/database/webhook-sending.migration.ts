import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { worker } = defaultRoles;

/**
 * Adds what the worker needs to send webhooks. Locks: exclusive on the table, for a moment, because a constant default rewrites no row.
 * The previous version of the code does not use the columns.
 */
export class AddWebhookSending1764600008500 implements MigrationInterface {
  readonly name = 'AddWebhookSending1764600008500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table webhook_endpoint add consecutive_failures integer not null default 0, add paused_until timestamptz;
comment on column webhook_endpoint.consecutive_failures is 'The failed attempts since the last success';
comment on column webhook_endpoint.paused_until is 'The time until which no delivery is attempted, because the last attempts failed';
grant update (consecutive_failures, paused_until) on webhook_endpoint to ${worker};
drop index webhook_delivery_due; -- the worker goes through the endpoints, so that the deliveries of one do not delay the others
comment on column webhook_delivery.status is 'failed: the last attempt failed, or the endpoint was disabled. canceled: the endpoint or its organization was deleted before';
comment on column webhook_delivery.next_attempt_at is 'The time from which a pending delivery can be attempted. While a worker attempts it, the end of its claim';
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table webhook_endpoint drop consecutive_failures, drop paused_until;
create index webhook_delivery_due on webhook_delivery (next_attempt_at) where status = 'pending'`);
  }
}
