import { PikaiaError } from '@pikaia/core';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { emailKey } from '../members/email-key.js';

const BATCH_ROWS = 1_000;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
const NAMED_COLLISIONS = 100; // in the message of the error

/** Columns for the canonical address of a person, and for address and name as an organization typed them. Older code ignores them. */
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
 * Fills those columns while older code runs: in batches, each committed by itself. It continues where it stopped.
 *
 * A membership gets the person's address. Only the earliest membership of a person gets the name: its organization typed it.
 * An operator's name stays where it is.
 *
 * @throws PikaiaError `PIKAIA_EMAIL_KEY_COLLISION` where several users have one canonical address.
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

/** An index that could not be built remains, and is invalid: so it is dropped first. */
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
  if (collisions.length > 0) throw collided(collisions);
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

/** The rows of a statement that takes the last id and a limit. */
async function* batches<Row extends { readonly id: string }>(runner: QueryRunner, page: string): AsyncGenerator<Row[]> {
  for (let after = BEFORE_ALL; ;) {
    const rows = (await runner.query(page, [after, BATCH_ROWS])) as Row[];
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)!.id;
  }
}

function collided(collisions: readonly string[]): PikaiaError {
  const named = collisions.slice(0, NAMED_COLLISIONS).join('; ');
  const rest = collisions.length > NAMED_COLLISIONS ? `; and ${collisions.length - NAMED_COLLISIONS} more` : '';
  return new PikaiaError(
    'PIKAIA_EMAIL_KEY_COLLISION',
    `Mail delivers the addresses of these users to one mailbox, by id in organizations_user: ${named}${rest}. Merge each pair, then migrate again.`,
  );
}
