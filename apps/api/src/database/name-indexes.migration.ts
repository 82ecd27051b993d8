import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEXES = [
  {
    name: 'organizations_member_name',
    on: 'organizations_member (organization_id, lower(name) text_pattern_ops) where name is not null',
    comment: 'the members of an organization whose names begin with a text',
  },
  {
    name: 'organizations_member_any_name',
    on: 'organizations_member (lower(name) text_pattern_ops) where name is not null',
    comment: 'the members of all organizations whose names begin with a text, for operators',
  },
  {
    name: 'organizations_organization_name',
    on: 'organizations_organization (lower(name) text_pattern_ops)',
    comment: 'the organizations whose names begin with a text, for operators',
  },
] as const;

/**
 * Adds the indexes of the search by name. Builds them concurrently and outside a transaction. Locks: both tables in share update
 * exclusive mode, which blocks no reads or writes. Cost: two scans of each table.
 */
export class AddNameIndexes1764600009003 implements MigrationInterface {
  readonly name = 'AddNameIndexes1764600009003';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await this.down(runner); // a failed concurrent build leaves an invalid index
    for (const { name, on, comment } of INDEXES) {
      await runner.query(`create index concurrently ${name} on ${on}`);
      await runner.query(`comment on index ${name} is '${comment}'`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of INDEXES) await runner.query(`drop index concurrently if exists ${name}`);
  }
}
