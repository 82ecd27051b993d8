import { newId } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { emailKey, readableAddress } from './email-key.js';
import { findOrCreateUser, type FoundUser } from './find-or-create-user.js';
import { User } from './user.entity.js';

/**
 * Finds candidates for keys ($1) and for other spellings of the addresses ($2), which rows of an older version can have. Index:
 * organizations_user_email_key, organizations_user_email. Locks: none.
 */
const FIND = `user.emailKey = any(:keys) or
  (user.emailKey is null and lower(user.email) = any(array(select lower(spelling) from unnest(cast(:spellings as text[])) spelling)))`;

/**
 * Inserts users, sorted by key, so that concurrent calls wait for each other in one order. Skips an address that exists. Waits for a
 * transaction that inserts the same address. Locks: the new rows. Cost: one row each.
 */
const INSERT = `
  insert into organizations_user (id, email, email_key)
  select id, email, key from unnest($1::uuid[], $2::text[], $3::text[]) as n (id, email, key) order by key
  on conflict do nothing returning id, email, email_key as "emailKey", operator, viewer, created_at as "createdAt"`;

/**
 * Finds or creates the people of many addresses with two statements; see findOrCreateUser. An address that another transaction
 * inserts meanwhile, or that only a row of an older version has, takes a few more.
 *
 * @param emails addresses that have a key, each person once.
 * @returns the people by key.
 */
export async function findOrCreateUsers(emails: readonly string[]): Promise<Map<string, FoundUser>> {
  const typed = new Map(emails.map((email) => [emailKey(email)!, email]));
  const candidates = await currentManager()
    .createQueryBuilder(User, 'user')
    .where(FIND, { keys: [...typed.keys()], spellings: [...typed].flatMap(([key, email]) => [key, email, readableAddress(key)]) })
    .orderBy('user.id')
    .getMany();
  const users = new Map<string, FoundUser>();
  for (const user of candidates) if (user.emailKey !== null) users.set(user.emailKey, { user, created: false });
  const ofOlderVersion = new Set(candidates.filter((user) => user.emailKey === null).map((user) => emailKey(user.email)));
  const missing = [...typed.keys()].filter((key) => !users.has(key) && !ofOlderVersion.has(key));
  for (const user of await insert(missing)) users.set(user.emailKey!, { user, created: true });
  for (const [key, email] of typed) if (!users.has(key)) users.set(key, await findOrCreateUser(email));
  return users;
}

async function insert(keys: readonly string[]): Promise<User[]> {
  if (keys.length === 0) return [];
  const rows = await currentManager().query<Omit<User, 'name'>[]>(INSERT, [
    keys.map(() => newId()),
    keys.map(readableAddress),
    keys,
  ]);
  return rows.map((row) => currentManager().create(User, { ...row, name: null }));
}
