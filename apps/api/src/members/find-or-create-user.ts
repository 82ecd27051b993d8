import { newId } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { emailKey, readableAddress } from './email-key.js';
import { User } from './user.entity.js';

/** Finds candidates for an address. Index: organizations_user_email_key, organizations_user_email. Locks: none. */
const FIND =
  'user.emailKey = :key or (user.emailKey is null and lower(user.email) in (lower(:key), lower(:typed), lower(:readable)))';

/** Sets the key of a row that an older version inserted. Index: primary key. Locks: that row. */
const SET_KEY = 'update organizations_user set email_key = $2 where id = $1 and email_key is null';

/** Inserts a user. Waits for a transaction that inserts the same address. Locks: the new row. */
const INSERT = `insert into organizations_user (id, email, email_key) values ($1, $2, $3) on conflict do nothing
  returning operator, viewer, created_at as "createdAt"`;

export interface FoundUser {
  readonly user: User;
  /** True if this transaction created the user, who is in no organization yet. */
  readonly created: boolean;
}

/**
 * Finds the person of an address, or creates one. Call it inside a transaction. Concurrent calls for the same address return the
 * same person.
 *
 * While an older version runs beside this one, it inserts rows without a key. This function sets the key of such a row.
 *
 * @param email an address that has a key; see emailKey.
 */
export async function findOrCreateUser(email: string): Promise<FoundUser> {
  const key = emailKey(email)!;
  const id = newId();
  // Older versions read `email` and keep lower(email) unique, which folds some characters into ASCII. If another person already
  // has that value, the second attempt stores a placeholder address.
  for (const stored of [readableAddress(key), `user-${id}@taken.invalid`]) {
    const found = await find(key, email);
    if (found) return { user: found, created: false };
    const [row] = await currentManager().query<Pick<User, 'operator' | 'viewer' | 'createdAt'>[]>(INSERT, [id, stored, key]);
    if (row)
      return { user: currentManager().create(User, { id, email: stored, emailKey: key, name: null, ...row }), created: true };
  }
  return { user: (await find(key, email))!, created: false };
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
    await currentManager().query(SET_KEY, [unkeyed.id, key]);
    unkeyed.emailKey = key;
  }
  return unkeyed;
}
