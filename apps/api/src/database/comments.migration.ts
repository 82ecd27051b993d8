import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Replaces comments of the earlier migrations. */
export class CommentOrganizations1764400003000 implements MigrationInterface {
  readonly name = 'CommentOrganizations1764400003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
comment on table organizations_organization is 'The organizations, which are the tenants';

comment on table organizations_user is 'The people; an invitation creates the user';
comment on column organizations_user.email is 'For older versions, which find people by lower(email); newer versions use email_key';
comment on column organizations_user.email_key is 'The canonical address, which identifies one person. Null if mail cannot be sent to the address, or if an older version inserted the row';
comment on column organizations_user.name is 'The name of an operator; those of members are in organizations_member';
comment on column organizations_user.provider_id is 'The id of an operator at the session provider; those of members are in organizations_member';
comment on index organizations_user_email is 'one user per address, regardless of case';

comment on table organizations_member is 'The memberships: who belongs to which organization, and with which role';
comment on column organizations_member.email is 'The address as the organization typed it. Null if an older version inserted the row';
comment on index organizations_member_live is 'one live membership per person and organization';
`);
  }

  /** Older code ignores comments. */
  async down(): Promise<void> {}
}
