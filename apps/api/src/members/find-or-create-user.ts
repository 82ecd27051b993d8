import { newId } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { emailKey, readableAddress } from './email-key.js';
import { User } from './user.entity.js';

/** Index: organizations_user_email_key and organizations_user_email. Locks: none. */
const FIND =
  'user.emailKey = :key or (user.emailKey is null and lower(user.email) in (lower(:key), lower(:typed), lower(:readable)))';

/** Index: primary key. Locks: that row. */
const ADOPT = 'update organizations_user set email_key = $2 where id = $1 and email_key is null';

/** Waits for a transaction that inserts the same address. Locks: the new row. */
const INSERT = 'insert into organizations_user (id, email, email_key) values ($1, $2, $3) on conflict do nothing';

/**
 * The person of an address, created where there is none. Call it inside a transaction. Calls for the same address at the
 * same time return the same person.
 *
 * A row without a key was inserted by a version from before keys, while both versions run. It gets its key here.
 *
 * @param email an address that has a key.
 */
export async function findOrCreateUser(email: string): Promise<User> {
  const key = emailKey(email)!;
  const id = newId();
  // Older versions read `email` and keep lower(email) unique, which folds some characters into ASCII. Where another person
  // holds that value, this person gets an address that nobody has.
  for (const stored of [readableAddress(key), `user-${id}@taken.invalid`]) {
    const found = await find(key, email);
    if (found) return found;
    await currentManager().query(INSERT, [id, stored, key]);
  }
  return (await find(key, email))!;
}

async function find(key: string, typed: string): Promise<User | undefined> {
  const candidates = await currentManager()
    .createQueryBuilder(User, 'user')
    .where(FIND, { key, typed, readable: readableAddress(key) })
    .orderBy('user.id')
    .getMany();
  const keyed = candidates.find((user) => user.emailKey === key);
  if (keyed) return keyed;
  const unkeyed = candidates.find((user) => emailKey(user.email) === key);
  if (unkeyed) {
    await currentManager().query(ADOPT, [unkeyed.id, key]);
    unkeyed.emailKey = key;
  }
  return unkeyed;
}
