import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api } = defaultRoles;

/**
 * Creates the table of the states that the identity provider has reported. Locks: none, because the table is new. The previous
 * version of the code does not use it.
 */
export class CreateIdentityObjects1764600007000 implements MigrationInterface {
  readonly name = 'CreateIdentityObjects1764600007000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table identity_object (
  provider_id text primary key,
  organization_id uuid references organizations_organization,
  version bigint not null,
  state jsonb not null,
  applied text not null
);
comment on table identity_object is 'The newest state of each organization and member that the webhooks of the identity provider have reported. A row of a deleted object stays, so a late notice does not create the object again';
comment on column identity_object.provider_id is 'The id of the organization or member at the identity provider';
comment on column identity_object.organization_id is 'The organization of the object. Null for a member that was deleted before it was known here';
comment on column identity_object.version is 'The time of the newest notice, in microseconds since 1970';
comment on column identity_object.state is 'The state in the newest notice';
comment on column identity_object.applied is 'What the organization or membership was here after the last notice. A difference means that the api changed it since';
grant select, insert, update on identity_object to ${api};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table identity_object');
  }
}
