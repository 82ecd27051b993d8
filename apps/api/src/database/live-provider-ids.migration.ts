import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets a person who was removed join again with the same id at the session provider: the id is unique only among live memberships.
 * The previous version of the code finds sessions of active members, which the new indexes cover.
 *
 * Locks: none that block reads or writes, because the indexes are built and dropped concurrently.
 */
export class UniqueProviderIdsOfLiveMembers1764600005000 implements MigrationInterface {
  readonly name = 'UniqueProviderIdsOfLiveMembers1764600005000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('drop index concurrently if exists organizations_member_live_provider'); // a failed build leaves an invalid one
    await runner.query(
      `create unique index concurrently organizations_member_live_provider on organizations_member (provider_id)
       where provider_id is not null and status <> 'removed'`,
    );
    await runner.query(`comment on index organizations_member_live_provider is 'the live member of a session'`);
    await runner.query('drop index concurrently if exists organizations_member_provider_id');
    await runner.query(
      `create index concurrently organizations_member_provider_id on organizations_member (provider_id, id)
       where provider_id is not null`,
    );
    await runner.query(`comment on index organizations_member_provider_id is 'all memberships of a person at the provider'`);
    await runner.query('drop index concurrently if exists organizations_member_provider');
  }

  /** Fails if a person joined again with the same id. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create unique index organizations_member_provider on organizations_member (provider_id) where provider_id is not null',
    );
    await runner.query(`comment on index organizations_member_provider is 'the member of a session'`);
    await runner.query('drop index organizations_member_live_provider, organizations_member_provider_id');
  }
}
