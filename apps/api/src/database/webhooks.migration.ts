import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api, worker } = defaultRoles;

/**
 * Creates the tables of outgoing webhooks. The worker may read which organizations are deleted, because it sends nothing for them.
 * Locks: none, because the tables are new. The previous version of the code does not use them.
 */
export class CreateWebhooks1764600008000 implements MigrationInterface {
  readonly name = 'CreateWebhooks1764600008000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table webhook_endpoint (
  id uuid primary key,
  organization_id uuid not null references organizations_organization,
  url text not null,
  description text not null,
  event_types text[] not null check (cardinality(event_types) > 0),
  status text not null check (status in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('manual', 'failing', 'gone')),
  disabled_at timestamptz,
  failing_since timestamptz,
  log_position bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz,
  check ((status = 'disabled') = (disabled_reason is not null) and (status = 'disabled') = (disabled_at is not null))
);
comment on table webhook_endpoint is 'The URLs to which events of organizations are sent. A row of a deleted endpoint stays';
comment on column webhook_endpoint.description is 'What the endpoint is for, in the words of the organization. Can be empty';
comment on column webhook_endpoint.event_types is 'The types of events that are sent; * for all types, also later ones';
comment on column webhook_endpoint.disabled_reason is 'manual: by an admin. failing: every attempt failed for a long time. gone: the receiver responded 410';
comment on column webhook_endpoint.failing_since is 'The first of the failed attempts since the last success. Null if the last attempt succeeded, and before the first one';
comment on column webhook_endpoint.log_position is 'The position of the outbox log when the endpoint was created. Earlier events are not sent';
create index webhook_endpoint_organization on webhook_endpoint (organization_id, id) where deleted_at is null;
comment on index webhook_endpoint_organization is 'the endpoints of an organization, page by page';

create table webhook_secret (
  id uuid primary key,
  endpoint_id uuid not null references webhook_endpoint,
  key_id text not null,
  ciphertext text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz
);
comment on table webhook_secret is 'The signing secrets of endpoints. Deleted with the endpoint';
comment on column webhook_secret.key_id is 'Which key of WEBHOOK_SECRET_KEYS encrypts the secret: a part of the hash of the key';
comment on column webhook_secret.ciphertext is 'The secret, encrypted with AES-256-GCM. The id of the endpoint is authenticated, so a ciphertext cannot be moved';
comment on column webhook_secret.expires_at is 'The end of the time for which a replaced secret still signs. Null for the current secret';
create unique index webhook_secret_current on webhook_secret (endpoint_id) where expires_at is null;
comment on index webhook_secret_current is 'one current secret an endpoint';
create index webhook_secret_endpoint on webhook_secret (endpoint_id);
comment on index webhook_secret_endpoint is 'the secrets of an endpoint';

create table webhook_delivery (
  id uuid primary key,
  endpoint_id uuid not null references webhook_endpoint,
  organization_id uuid not null,
  kind text not null check (kind in ('event', 'redelivery', 'test')),
  event_id uuid not null,
  event_type text not null,
  schema_version integer not null,
  correlation_id uuid not null,
  payload text not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed', 'canceled')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  claimed_by text,
  claimed_until timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  redelivered_as uuid,
  check ((status = 'pending') = (settled_at is null))
);
comment on table webhook_delivery is 'The events that are sent to endpoints, and the results. Removed some time after they are settled';
comment on column webhook_delivery.kind is 'event: an event of the outbox. redelivery: the same event again, because an admin asked for it. test: an example event';
comment on column webhook_delivery.event_id is 'The id of the event, which is the header webhook-id. A redelivery has that of the first delivery';
comment on column webhook_delivery.correlation_id is 'The correlation id of the event, and of a test that of its request';
comment on column webhook_delivery.payload is 'The request body, exactly as it is signed and sent';
comment on column webhook_delivery.status is 'failed: the last attempt failed. canceled: the endpoint or its organization was deleted before';
comment on column webhook_delivery.attempts is 'The number of attempts that have a result';
comment on column webhook_delivery.next_attempt_at is 'The time from which a pending delivery can be attempted';
comment on column webhook_delivery.claimed_by is 'The worker that attempts the delivery';
comment on column webhook_delivery.claimed_until is 'The time after which another worker may attempt it';
comment on column webhook_delivery.redelivered_as is 'The last redelivery of this delivery';
create unique index webhook_delivery_event on webhook_delivery (endpoint_id, event_id) where kind = 'event';
comment on index webhook_delivery_event is 'an event is sent once to an endpoint, also after a replay';
create index webhook_delivery_due on webhook_delivery (next_attempt_at) where status = 'pending';
comment on index webhook_delivery_due is 'the deliveries that can be attempted';
create index webhook_delivery_pending on webhook_delivery (endpoint_id, next_attempt_at) where status = 'pending';
comment on index webhook_delivery_pending is 'the pending deliveries of an endpoint';
create index webhook_delivery_endpoint on webhook_delivery (endpoint_id, id);
comment on index webhook_delivery_endpoint is 'the deliveries of an endpoint, page by page';
create index webhook_delivery_failed on webhook_delivery (endpoint_id, id) where status = 'failed';
comment on index webhook_delivery_failed is 'the deliveries of an endpoint that failed';
create index webhook_delivery_correlation on webhook_delivery (correlation_id);
comment on index webhook_delivery_correlation is 'the deliveries of a correlation id';
create index webhook_delivery_expiry on webhook_delivery (settled_at) where settled_at is not null;
comment on index webhook_delivery_expiry is 'the rows that can be removed';

create table webhook_attempt (
  delivery_id uuid not null references webhook_delivery on delete cascade,
  number integer not null,
  started_at timestamptz not null,
  duration_ms integer not null,
  response_status integer,
  error_code text,
  error text,
  response_body text,
  primary key (delivery_id, number),
  check (response_status is not null or error_code is not null)
);
comment on table webhook_attempt is 'The attempts of deliveries. Removed with their delivery';
comment on column webhook_attempt.number is 'From 1';
comment on column webhook_attempt.response_status is 'Null if there was no response';
comment on column webhook_attempt.error_code is 'The kind of the failure, such as timeout. Null after a success';
comment on column webhook_attempt.error is 'What failed, for the admin of the organization';
comment on column webhook_attempt.response_body is 'The beginning of the response body';

grant select, insert, update on webhook_endpoint to ${api};
grant select, insert, update, delete on webhook_secret to ${api};
grant select, insert, update on webhook_delivery to ${api};
grant select on webhook_attempt to ${api};
grant select, update (status, disabled_reason, disabled_at, failing_since) on webhook_endpoint to ${worker};
grant select on webhook_secret to ${worker};
grant select, insert, update, delete on webhook_delivery to ${worker};
grant select, insert on webhook_attempt to ${worker};
grant select (id, deleted_at) on organizations_organization to ${worker};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
revoke select (id, deleted_at) on organizations_organization from ${worker};
drop table webhook_attempt, webhook_delivery, webhook_secret, webhook_endpoint`);
  }
}
