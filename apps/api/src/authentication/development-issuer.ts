import { PikaiaError } from '@pikaia/core';
import { IsolatedClient } from '@pikaia/database';
import { SignJWT, type CryptoKey } from 'jose';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { emailKey } from '../members/email-key.js';
import {
  ALGORITHM,
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_ISSUER,
  DEVELOPMENT_OPERATOR_ORGANIZATION,
  developmentKeys,
} from './development-keys.js';
import { ORGANIZATION_CLAIM, SESSION_CLAIM } from './session-claims.js';

const DEFAULT_LIFETIME_S = 12 * 60 * 60; // twelve hours, a working day

type Queries = Pick<pg.ClientBase, 'query'>;

export interface DevelopmentTokensOptions {
  readonly emails: readonly string[];
  /** The folder of the signing key, such as `var/keys`. */
  readonly keysDirectory: string;
  /** A connection string of any role that may read users and members. */
  readonly databaseUrl: string;
  /** An open connection to this database. By default, one is opened. */
  readonly client?: Queries;
  /** The slug of the organization, for a person with several. By default, that of the person's first membership. */
  readonly organization?: string;
  /** Issues sessions of an organization that exists only at the provider, for people who create it here. */
  readonly newOrganization?: boolean;
  /** Seconds. For tests of expiry. */
  readonly lifetime?: number;
  /** The time of the sign-in. Default: now. */
  readonly startedAt?: Date;
}

export type DevelopmentTokenOptions = Omit<DevelopmentTokensOptions, 'emails'> & { readonly email: string };

/** Issues a token for one person; see issueDevelopmentTokens. */
export async function issueDevelopmentToken({ email, ...options }: DevelopmentTokenOptions): Promise<string> {
  return (await issueDevelopmentTokens({ ...options, emails: [email] }))[0]!;
}

/**
 * Issues session tokens for people in the database, with the claims of a Stytch B2B session JWT. For development only. As with a
 * provider, an invited person can sign in to the organization before the invitation is accepted.
 *
 * @throws PikaiaError `PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL` if an address belongs to no live membership and no operator.
 * @throws PikaiaError `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION` if NODE_ENV is production.
 */
export async function issueDevelopmentTokens({
  emails,
  keysDirectory,
  databaseUrl,
  client,
  organization,
  newOrganization = false,
  lifetime = DEFAULT_LIFETIME_S,
  startedAt = new Date(),
}: DevelopmentTokensOptions): Promise<string[]> {
  const { privateKey } = await developmentKeys(keysDirectory);
  if (newOrganization)
    return Promise.all(emails.map((email) => sign(newSubject(email), privateKey, { started: startedAt, lifetime })));
  const subjects = await (client
    ? findSubjects(client, emails, organization)
    : connectAndFind(databaseUrl, emails, organization));
  return Promise.all(subjects.map((subject) => sign(subject, privateKey, { started: startedAt, lifetime })));
}

interface Subject {
  readonly subject: string;
  readonly email: string;
  readonly organization: { readonly organization_id: string; readonly slug: string | null };
}

function sign(
  { subject, email, organization }: Subject,
  key: CryptoKey,
  { started, lifetime }: { readonly started: Date; readonly lifetime: number },
): Promise<string> {
  const expires = new Date(started.getTime() + lifetime * 1000);
  return new SignJWT({
    [SESSION_CLAIM]: {
      id: `session-test-${randomUUID()}`,
      started_at: started.toISOString(),
      last_accessed_at: started.toISOString(),
      expires_at: expires.toISOString(),
      attributes: { ip_address: '', user_agent: '' },
      authentication_factors: [{ type: 'magic_link', delivery_method: 'email', email_factor: { email_address: email } }],
      roles: [],
    },
    [ORGANIZATION_CLAIM]: organization,
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .setIssuer(DEVELOPMENT_ISSUER)
    .setAudience(DEVELOPMENT_AUDIENCE)
    .setSubject(subject)
    .setIssuedAt(started)
    .setNotBefore(started)
    .setExpirationTime(expires)
    .sign(key);
}

const newSubject = (email: string): Subject => ({
  subject: `member-test-${randomUUID()}`,
  email,
  organization: { organization_id: `organization-test-${randomUUID()}`, slug: null },
});

/** Prefers an active membership, then an operator, then an invitation. */
const SUBJECT = `
  with person as (
    select id, provider_id from organizations_user where email_key = $1 or (email_key is null and lower(email) = lower($2))),
  membership as (
    select m.id, m.status, m.provider_id as subject, o.provider_id as organization_id, o.slug
    from person join organizations_member m on m.user_id = person.id join organizations_organization o on o.id = m.organization_id
    where $3::text is null or o.slug = $3)
  select 1 as rank, id, subject, organization_id, slug from membership where status = 'active' and subject is not null
  union all
  select 2, id, provider_id, null, null from person where provider_id is not null and $3::text is null
  union all
  select 3, id, 'member-test-' || id, organization_id, slug from membership where status = 'invited'
  order by rank, id limit 1`;

async function connectAndFind(
  databaseUrl: string,
  emails: readonly string[],
  organization: string | undefined,
): Promise<Subject[]> {
  const client = new IsolatedClient({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await findSubjects(client, emails, organization);
  } finally {
    await client.end();
  }
}

/** One after another, because they share a connection. */
async function findSubjects(client: Queries, emails: readonly string[], organization: string | undefined): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const email of emails) subjects.push(await findSubject(client, email, organization));
  return subjects;
}

async function findSubject(client: Queries, email: string, organization: string | undefined): Promise<Subject> {
  const { rows } = await client.query<{ subject: string; organization_id: string | null; slug: string | null }>(SUBJECT, [
    emailKey(email),
    email,
    organization,
  ]);
  const found = rows[0];
  if (!found) {
    throw new PikaiaError(
      'PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL',
      `${email} is neither an operator nor a member of ${organization === undefined ? 'an organization' : `the organization ${organization}`}, and is not invited.`,
    );
  }
  return {
    subject: found.subject,
    email,
    organization:
      found.organization_id === null
        ? { organization_id: DEVELOPMENT_OPERATOR_ORGANIZATION, slug: 'operators' }
        : { organization_id: found.organization_id, slug: found.slug },
  };
}
