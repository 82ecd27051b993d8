import { join } from 'node:path';
import pg from 'pg';
import { varDirectory } from '../start/folders.mjs';

const CONNECT_TIMEOUT_MS = 10_000;

// Both by their index on correlation_id; as the owner, who reads all organizations.
const ORGANIZATIONS = `
  select organization_id from outbox.outbox_log where correlation_id = $1
  union
  select organization_id from audit.record where correlation_id = $1`;
// Whoever can get a development session: an organization's longest-known admin, otherwise an operator.
const ADMIN = `
  select coalesce(m.email, u.email_key, u.email) as email, o.slug from organizations_member m
  join organizations_user u on u.id = m.user_id
  join organizations_organization o on o.id = m.organization_id
  where m.organization_id::text = $1 and m.role = 'admin' and m.status = 'active' and m.provider_id is not null
  order by m.id limit 1`;
const OPERATOR =
  'select coalesce(email_key, email) as email from organizations_user where operator and provider_id is not null order by id limit 1';

/**
 * Whose session shows most of a trail: an admin of the organization that it belongs to sees it whole; of a trail of no
 * organization, or of several, an operator sees everything, with personal data masked.
 *
 * @returns `{ email, seenAs }`; undefined where there is neither.
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
      if (rows[0]) return { email: rows[0].email, seenAs: `Seen as ${rows[0].email}, an admin of ${rows[0].slug}: all of it.` };
    }
    const { rows } = await client.query(OPERATOR);
    return (
      rows[0] && { email: rows[0].email, seenAs: `Seen as ${rows[0].email}, an operator: personal data of events is masked.` }
    );
  } finally {
    await client.end();
  }
}

/** Somebody who operates the platform; undefined where nobody does. */
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

/** A session of that person at the running system. */
export async function sessionOf(ownerUrl, email) {
  const { issueDevelopmentToken } = await import('../../apps/api/dist/authentication/development-issuer.js');
  return issueDevelopmentToken({ email, keysDirectory: join(varDirectory, 'keys'), databaseUrl: ownerUrl });
}
