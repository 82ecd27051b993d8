import { newId } from '@pikaia/core';
import { currentManager, preparedStatement } from '@pikaia/database';
import { emailKey, readableAddress } from './email-key.js';
import { User } from './user.entity.js';

const COLUMNS = `id, email, email_key as "emailKey", name, operator, viewer, created_at as "createdAt"`;

/**
 * Finds candidates for an address, and inserts a user if there is none: id, stored address, key, and the typed and the readable address.
 *
 * Index: organizations_user_email_key, organizations_user_email. Locks: the new row. Waits for a transaction that inserts the same
 * address. Cost: one row, mostly.
 */
const FIND_OR_INSERT = preparedStatement(
  'find_or_insert_user',
  `with found as (
     select ${COLUMNS}, false as created from organizations_user
     where email_key = $3 or (email_key is null and lower(email) in (lower($3), lower($4), lower($5)))),
   inserted as (
     insert into organizations_user (id, email, email_key) select $1::uuid, $2::text, $3::text where not exists (select from found)
     on conflict do nothing returning ${COLUMNS}, true as created)
   select * from found union all select * from inserted order by id`,
);

/** Inserts a user although there are candidates. Waits for a transaction that inserts the same address. Locks: the new row. */
const INSERT = `insert into organizations_user (id, email, email_key) values ($1, $2, $3)
  on conflict do nothing returning ${COLUMNS}, true as created`;

/** Sets the key of a row that an older version inserted. Index: primary key. Locks: that row. */
const SET_KEY = 'update organizations_user set email_key = $2 where id = $1 and email_key is null';

type UserRow = Pick<User, 'id' | 'email' | 'emailKey' | 'name' | 'operator' | 'viewer' | 'createdAt'> & {
  readonly created: boolean;
};

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
  // has that value, the next attempt stores a placeholder address.
  const placeholder = `user-${id}@taken.invalid`;
  const attempt = (stored: string) => findOrInsert({ id, stored, key, email });
  // If the second attempt conflicts too, another transaction has just committed the same person.
  return (await attempt(readableAddress(key))) ?? (await attempt(placeholder)) ?? (await attempt(placeholder))!;
}

interface Address {
  readonly id: string;
  readonly stored: string;
  readonly key: string;
  readonly email: string;
}

/** Returns undefined if the row that it inserts conflicts with another one. */
async function findOrInsert({ id, stored, key, email }: Address): Promise<FoundUser | undefined> {
  const rows = await currentManager().query<UserRow[]>(FIND_OR_INSERT, [id, stored, key, email, readableAddress(key)]);
  const keyed = rows.find(({ emailKey: found }) => found === key);
  if (keyed) return foundUser(keyed);
  const unkeyed = rows.find((row) => emailKey(row.email) === key);
  if (unkeyed) {
    await currentManager().query(SET_KEY, [unkeyed.id, key]);
    return foundUser({ ...unkeyed, emailKey: key });
  }
  if (rows.length === 0) return undefined;
  const [row] = await currentManager().query<UserRow[]>(INSERT, [id, stored, key]); // the candidates are other people
  return row && foundUser(row);
}

const foundUser = ({ created, ...row }: UserRow): FoundUser => ({ user: currentManager().create(User, row), created });
