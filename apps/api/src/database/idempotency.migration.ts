import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api } = defaultRoles;

/**
 * Creates the table of the responses to requests with an idempotency key. Locks: none, because the table is new. The previous version
 * of the code does not use it.
 */
export class CreateIdempotencyKeys1764600003000 implements MigrationInterface {
  readonly name = 'CreateIdempotencyKeys1764600003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table idempotency_key (
  id text primary key,
  fingerprint text not null,
  status smallint not null,
  headers json not null,
  body text,
  correlation_id uuid not null,
  expires_at timestamptz not null default clock_timestamp() + interval '24 hours'
);
comment on table idempotency_key is 'The responses to requests with the header Idempotency-Key. A response can contain personal data, and is deleted after it expires';
comment on column idempotency_key.id is 'A hash of caller, method, path and key';
comment on column idempotency_key.fingerprint is 'A hash of query, body and precondition';
comment on column idempotency_key.correlation_id is 'The correlation id of the first request with the key';
create index idempotency_key_expiry on idempotency_key (expires_at);
comment on index idempotency_key_expiry is 'the rows that can be deleted';

alter table idempotency_key enable row level security;
create policy api_select on idempotency_key for select to ${api} using (true);
create policy api_insert on idempotency_key for insert to ${api} with check (true);
create policy api_delete on idempotency_key for delete to ${api} using (expires_at < clock_timestamp());
grant select, delete, insert (id, fingerprint, status, headers, body, correlation_id) on idempotency_key to ${api};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_key');
  }
}
