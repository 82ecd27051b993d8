import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api } = defaultRoles;

/**
 * Creates the table of receipts of incoming webhooks. Locks: none, because the table is new. The previous version of the code does
 * not use it.
 */
export class CreateProcessedWebhooks1764600006000 implements MigrationInterface {
  readonly name = 'CreateProcessedWebhooks1764600006000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table processed_webhook (
  source text not null,
  event_id text not null,
  event_type text not null,
  is_final boolean not null default true,
  processed_at timestamptz not null default clock_timestamp(),
  primary key (source, event_id)
);
comment on table processed_webhook is 'The events of providers that were processed. A row is committed together with the effect of its event, so a repeated delivery has no effect';
comment on column processed_webhook.source is 'The provider, such as stripe';
comment on column processed_webhook.event_id is 'The id of the event at the provider';
comment on column processed_webhook.is_final is 'False if the event changed nothing and could later: then another delivery is processed, for example of a customer that was unknown';
create index processed_webhook_age on processed_webhook (source, processed_at);
comment on index processed_webhook_age is 'the newest event of a provider, and expired rows';
grant select, insert, update, delete on processed_webhook to ${api};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table processed_webhook');
  }
}
