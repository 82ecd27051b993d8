import { PikaiaError } from '@pikaia/core';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { emailKey } from '../members/email-key.js';

const BATCH_ROWS = 1_000;
const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
const MAX_NAMED_COLLISIONS = 100; // listed in the error message

/**
 * Adds columns for the canonical address of a person, and for the address and name as an organization typed them. Older code
 * ignores them.
 */
export class AddEmailKeys1764000005000 implements MigrationInterface {
  readonly name = 'AddEmailKeys1764000005000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table organizations_user add column email_key text;
comment on column organizations_user.email is 'For older versions, which look people up by lower(email); others read email_key';
comment on column organizations_user.email_key is 'The canonical address: one person each. Null where mail cannot be sent to the address, or where an older version inserted the row';
comment on column organizations_user.name is 'An operator''s name; that of members is in organizations_member';
create unique index organizations_user_email_key on organizations_user (email_key) where email_key is not null;
comment on index organizations_user_email_key is 'the person of an address';

alter table organizations_member add column email text, add column name text;
comment on column organizations_member.email is 'The address as the organization typed it. Null where an older version inserted the row';
comment on column organizations_member.name is 'The person''s name as the organization typed it';
`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table organizations_member drop column email, drop column name;
alter table organizations_user drop column email_key;
comment on column organizations_user.email is null;
comment on column organizations_user.name is null`);
  }
}

/**
 * Fills the columns of AddEmailKeys while older code runs. Each batch is committed separately, so a repeated run continues where
 * the last one stopped.
 *
 * Each membership receives the person's address. Only the earliest membership of a person receives the name, because its
 * organization typed it. The name of an operator stays in organizations_user.
 *
 * @throws PikaiaError `PIKAIA_EMAIL_KEY_COLLISION` if several users have the same canonical address.
 */
export class FillEmailKeys1764000005001 implements MigrationInterface {
  readonly name = 'FillEmailKeys1764000005001';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await createMembershipIndex(runner);
    await fillKeys(runner);
    await fillMemberships(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index organizations_member_user');
  }
}

/** Drops the index first, because a failed concurrent build leaves an invalid index. */
async function createMembershipIndex(runner: QueryRunner): Promise<void> {
  await runner.query('drop index concurrently if exists organizations_member_user');
  await runner.query('create index concurrently organizations_member_user on organizations_member (user_id, created_at, id)');
  await runner.query(`comment on index organizations_member_user is 'the memberships of a person, the earliest first'`);
}

async function fillKeys(runner: QueryRunner): Promise<void> {
  const collisions: string[] = [];
  const page = 'select id, email from organizations_user where email_key is null and id > $1 order by id limit $2';
  for await (const users of batches<{ id: string; email: string }>(runner, page)) {
    const keys = new Map(users.map(({ id, email }) => [id, emailKey(email)]));
    const holders = (await runner.query('select id, email_key from organizations_user where email_key = any($1)', [
      [...keys.values()].filter((key) => key !== undefined),
    ])) as { id: string; email_key: string }[];
    const holderOf = new Map(holders.map(({ id, email_key: key }) => [key, id]));
    const filled = new Map<string, string>();
    for (const [id, key] of keys) {
      if (key === undefined) continue;
      const holder = holderOf.get(key);
      if (holder === undefined) {
        holderOf.set(key, id);
        filled.set(id, key);
      } else collisions.push(`${id} and ${holder}`);
    }
    await runner.query(
      `update organizations_user u set email_key = n.key from unnest($1::uuid[], $2::text[]) as n (id, key)
       where u.id = n.id and u.email_key is null`,
      [[...filled.keys()], [...filled.values()]],
    );
  }
  if (collisions.length > 0) throw collisionError(collisions);
}

async function fillMemberships(runner: QueryRunner): Promise<void> {
  const page = 'select id from organizations_member where email is null and id > $1 order by id limit $2';
  for await (const members of batches<{ id: string }>(runner, page)) {
    await runner.query(
      `update organizations_member m set email = u.email, name = case when first.id = m.id and not u.operator then u.name end
       from organizations_user u cross join lateral (
         select e.id from organizations_member e where e.user_id = u.id order by e.created_at, e.id limit 1) as first
       where u.id = m.user_id and m.id = any($1) and m.email is null`,
      [members.map(({ id }) => id)],
    );
  }
}

/** Yields the rows of a statement in batches. The statement takes the last id ($1) and a limit ($2). */
async function* batches<Row extends { readonly id: string }>(runner: QueryRunner, page: string): AsyncGenerator<Row[]> {
  for (let after = LOWEST_ID; ;) {
    const rows = (await runner.query(page, [after, BATCH_ROWS])) as Row[];
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)!.id;
  }
}

function collisionError(collisions: readonly string[]): PikaiaError {
  const named = collisions.slice(0, MAX_NAMED_COLLISIONS).join('; ');
  const rest = collisions.length > MAX_NAMED_COLLISIONS ? `; and ${collisions.length - MAX_NAMED_COLLISIONS} more` : '';
  return new PikaiaError(
    'PIKAIA_EMAIL_KEY_COLLISION',
    `Mail delivers the addresses of these users to one mailbox, by id in organizations_user: ${named}${rest}. Merge each pair, then migrate again.`,
  );
}
