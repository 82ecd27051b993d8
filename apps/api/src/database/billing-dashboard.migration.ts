import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api, worker } = defaultRoles;

/**
 * Creates the table that the consumer billing-dashboard keeps. Locks: none, because the table is new. The previous version of the
 * code does not use it.
 */
export class CreateBillingDashboard1764600006002 implements MigrationInterface {
  readonly name = 'CreateBillingDashboard1764600006002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table billing_dashboard (
  subscription_id uuid primary key,
  organization_id uuid not null,
  is_active boolean not null,
  status text not null,
  price_id text not null,
  quantity integer,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null,
  sequence bigint not null,
  changed_at timestamptz not null
);
comment on table billing_dashboard is 'Each subscription, as the consumer billing-dashboard knows it from events. A replay rebuilds it';
comment on column billing_dashboard.is_active is 'False once the subscription ended';
comment on column billing_dashboard.sequence is 'The position of the event that the row shows; only a later event changes the row';
comment on column billing_dashboard.changed_at is 'The time of that event, by the clock of its publisher';
grant select on billing_dashboard to ${api};
grant select, insert, update on billing_dashboard to ${worker};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table billing_dashboard');
  }
}
