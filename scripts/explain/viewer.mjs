import { join } from 'node:path';
import pg from 'pg';
import { varDirectory } from '../start/folders.ts';

const CONNECT_TIMEOUT_MS = 10_000;

// Index: correlation_id, on both tables. Locks: none. Runs as the owner, who can read all organizations.
const ORGANIZATIONS = `
  select organization_id from outbox.outbox_log where correlation_id = $1
  union
  select organization_id from audit.record where correlation_id = $1`;
// Users for whom a development session can be issued: the admin with the lowest id in an organization, or an operator.
const ADMIN = `
  select coalesce(m.email, u.email_key, u.email) as email, o.slug from organizations_member m
  join organizations_user u on u.id = m.user_id
  join organizations_organization o on o.id = m.organization_id
  where m.organization_id::text = $1 and m.role = 'admin' and m.status = 'active' and m.provider_id is not null
  order by m.id limit 1`;
const OPERATOR =
  'select coalesce(email_key, email) as email from organizations_user where operator and provider_id is not null order by id limit 1';

/**
 * Finds the user whose session shows most of a trail. If the trail belongs to one organization, that is an admin of it, who
 * sees everything. Otherwise it is an operator, who sees everything with personal data masked.
 *
 * @returns `{ email, seenAs }`, or undefined if there is no such user.
 */
export async function findViewer(ownerUrl, correlationId) {
  const client = new pg.Client({
    connectionString: ownerUrl,
    application_name: 'pikaia-explain',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await client.connect();
  try {
    const { rows: organizations } = await client.query(ORGANIZATIONS, [correlationId]);
    if (organizations.length === 1) {
      const { rows } = await client.query(ADMIN, [organizations[0].organization_id]);
      if (rows[0])
        return { email: rows[0].email, seenAs: `Seen as ${rows[0].email}, an admin of ${rows[0].slug}. Nothing is hidden.` };
    }
    const { rows } = await client.query(OPERATOR);
    return (
      rows[0] && { email: rows[0].email, seenAs: `Seen as ${rows[0].email}, an operator. Personal data in events is masked.` }
    );
  } finally {
    await client.end();
  }
}

/** The email address of an operator of the platform; undefined if there is none. */
export async function findOperator(ownerUrl) {
  const client = new pg.Client({
    connectionString: ownerUrl,
    application_name: 'pikaia-outbox',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await client.connect();
  try {
    const { rows } = await client.query(OPERATOR);
    return rows[0]?.email;
  } finally {
    await client.end();
  }
}

/** Issues a session token for a user of the running system. */
export async function issueSession(ownerUrl, email) {
  const { issueDevelopmentToken } = await import('../../apps/api/dist/authentication/development-issuer.js');
  return issueDevelopmentToken({ email, keysDirectory: join(varDirectory, 'keys'), databaseUrl: ownerUrl });
}
