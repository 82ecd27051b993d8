import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api } = defaultRoles;

/**
 * Creates the table of subscriptions, and a column for the customer of an organization at Stripe. Locks: adding the column and its
 * index blocks organizations_organization for milliseconds, because no row has a value. The previous version of the code ignores both.
 */
export class CreateSubscriptions1764600006001 implements MigrationInterface {
  readonly name = 'CreateSubscriptions1764600006001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table organizations_organization add column stripe_customer_id text;
comment on column organizations_organization.stripe_customer_id is 'The customer at Stripe, set by the first completed checkout';
create unique index organizations_organization_stripe_customer on organizations_organization (stripe_customer_id)
  where stripe_customer_id is not null;
comment on index organizations_organization_stripe_customer is 'the organization of a customer at Stripe';

create table subscription (
  id uuid primary key,
  organization_id uuid not null references organizations_organization,
  provider_id text not null,
  status text not null,
  price_id text not null,
  quantity integer,
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null,
  active_since timestamptz,
  provider_version timestamptz not null,
  provider_read_until timestamptz,
  created_at timestamptz not null default clock_timestamp()
);
comment on table subscription is 'The subscriptions of organizations, as Stripe last described them';
comment on column subscription.provider_id is 'The id at Stripe';
comment on column subscription.status is 'The status in the words of Stripe';
comment on column subscription.price_id is 'The id of the price of the first item at Stripe';
comment on column subscription.quantity is 'Null if usage is metered';
comment on column subscription.active_since is 'The time of the Stripe event that activated the subscription. Null before, and after it ended';
comment on column subscription.provider_version is 'The state contains every Stripe event before this time, so older events are ignored. By the clock of Stripe';
comment on column subscription.provider_read_until is 'If the state was read from Stripe: it contains no event after this time, and perhaps those since provider_version. By the clock of Stripe';
create unique index subscription_provider on subscription (provider_id);
comment on index subscription_provider is 'the subscription of a Stripe event';
create index subscription_organization on subscription (organization_id);
comment on index subscription_organization is 'the subscriptions of an organization';
grant select, insert, update on subscription to ${api};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table subscription; alter table organizations_organization drop column stripe_customer_id');
  }
}
