import { join } from 'node:path';
import pg from 'pg';
import { varDirectory } from '../start/folders.ts';

const CONNECT_TIMEOUT_MS = 10_000;

// Index: correlation_id of events and audit records; deliveries are scanned. Locks: none. Runs as the owner, who can read all
// organizations.
const ORGANIZATIONS = `
  select organization_id from events_outboxevent where correlation_id = $1
  union
  select organization_id from events_auditlog where correlation_id = $1`;
// Users for whom a development session can be issued: the admin with the lowest id in an organization, or an operator.
const ADMIN = `
  select coalesce(m.email, u.email_key, u.email) as email, o.slug from organizations_member m
  join organizations_user u on u.id = m.user_id
  join organizations_organization o on o.id = m.organization_id
  where m.organization_id::text = $1 and m.role = 'admin' and m.status = 'active' and m.provider_id is not null
  order by m.id limit 1`;
const OPERATOR =
  'select coalesce(email_key, email) as email from organizations_user where operator and provider_id is not null order by id limit 1';

export interface Viewer {
  readonly email: string;
  /** The slug of the organization that the session must belong to. Absent for an operator. */
  readonly organization?: string;
  /** A line that says which user's view this is. */
  readonly seenAs: string;
}

/**
 * Finds the user whose session shows most of a trail. If the trail belongs to one organization, that is an admin of it, who
 * sees every entry. Otherwise it is an operator, who sees every entry with the personal data of events masked.
 */
export const findViewer = (ownerUrl: string, correlationId: string): Promise<Viewer | undefined> =>
  withClient(ownerUrl, 'pikaia-explain', async (client) => {
    const { rows: organizations } = await client.query<{ organization_id: string | null }>(ORGANIZATIONS, [correlationId]);
    if (organizations.length === 1) {
      const { rows } = await client.query<{ email: string; slug: string }>(ADMIN, [organizations[0]!.organization_id]);
      const [admin] = rows;
      if (admin)
        return {
          email: admin.email,
          organization: admin.slug,
          seenAs: `Seen as ${admin.email}, an admin of ${admin.slug}, who sees every entry.`,
        };
    }
    const email = await operatorEmail(client);
    return email === undefined
      ? undefined
      : { email, seenAs: `Seen as ${email}, an operator. The personal data of events is masked.` };
  });

/** The email address of an operator of the platform; undefined if there is none. */
export const findOperator = (ownerUrl: string): Promise<string | undefined> =>
  withClient(ownerUrl, 'pikaia-outbox', operatorEmail);

async function operatorEmail(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ email: string }>(OPERATOR);
  return rows[0]?.email;
}

/** Runs `work` with a connection to the database of the running system. */
export async function withClient<T>(url: string, name: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined); // a lost connection: the next statement rejects
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface SessionOptions {
  readonly email: string;
  readonly organization?: string;
  readonly newOrganization?: boolean;
  readonly startedAt?: Date;
  /** An open connection to the database. By default, one is opened. */
  readonly client?: pg.Client;
}

/** Issues a session token for a user of the running system. */
export async function issueSession(ownerUrl: string, options: SessionOptions): Promise<string> {
  const { issueDevelopmentToken } = await import('../../apps/api/dist/authentication/development-issuer.js');
  return issueDevelopmentToken({ ...options, keysDirectory: join(varDirectory, 'keys'), databaseUrl: ownerUrl });
}
