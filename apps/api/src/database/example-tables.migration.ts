import { defaultRoles } from '@pikaia/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const { api } = defaultRoles;

/** Creates the tables of organizations, users and memberships. */
export class CreateOrganizations1764000003000 implements MigrationInterface {
  readonly name = 'CreateOrganizations1764000003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table organizations_organization (
  id uuid primary key,
  name text not null,
  slug text not null constraint organizations_organization_slug_check check (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  provider_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz
);
comment on table organizations_organization is 'The tenants';
comment on column organizations_organization.provider_id is 'The organization''s id at the session provider';
create unique index organizations_organization_slug on organizations_organization (slug);
comment on index organizations_organization_slug is 'a slug names one organization';
create unique index organizations_organization_provider on organizations_organization (provider_id);
comment on index organizations_organization_provider is 'the organization of a session';

create table organizations_user (
  id uuid primary key,
  email text not null,
  name text,
  operator boolean not null default false,
  provider_id text,
  created_at timestamptz not null default clock_timestamp()
);
comment on table organizations_user is 'People; an invitation creates the user';
comment on column organizations_user.operator is 'Operates the platform and belongs to no organization';
comment on column organizations_user.provider_id is 'An operator''s id at the session provider; that of members is in organizations_member';
create unique index organizations_user_email on organizations_user (lower(email));
comment on index organizations_user_email is 'one user an address, whatever its case';
create unique index organizations_user_provider on organizations_user (provider_id) where provider_id is not null;
comment on index organizations_user_provider is 'the operator of a session';

create table organizations_member (
  id uuid primary key,
  organization_id uuid not null references organizations_organization,
  user_id uuid not null references organizations_user,
  role text not null check (role in ('member', 'admin')),
  status text not null check (status in ('invited', 'active', 'removed')),
  provider_id text,
  invited_at timestamptz,
  joined_at timestamptz,
  removed_at timestamptz,
  created_at timestamptz not null default clock_timestamp()
);
comment on table organizations_member is 'Who belongs to which organization, and as what';
comment on column organizations_member.provider_id is 'The member''s id at the session provider: the subject of its sessions';
create unique index organizations_member_live on organizations_member (organization_id, user_id) where status <> 'removed';
comment on index organizations_member_live is 'one live membership a person and organization';
create unique index organizations_member_provider on organizations_member (provider_id) where provider_id is not null;
comment on index organizations_member_provider is 'the member of a session';
create index organizations_member_page on organizations_member (organization_id, id);
comment on index organizations_member_page is 'an organization''s members, page by page';

grant select, insert, update on organizations_organization, organizations_user, organizations_member to ${api};
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table organizations_member, organizations_user, organizations_organization');
  }
}
