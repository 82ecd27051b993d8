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

export interface DevelopmentTokensOptions {
  readonly emails: readonly string[];
  /** The folder of the signing key, such as `var/keys`. */
  readonly keysDirectory: string;
  /** A connection string of any role that may read users and members. */
  readonly databaseUrl: string;
  /** Seconds. For tests of expiry. */
  readonly lifetime?: number;
}

export type DevelopmentTokenOptions = Omit<DevelopmentTokensOptions, 'emails'> & { readonly email: string };

/** Issues a token for one person; see issueDevelopmentTokens. */
export async function issueDevelopmentToken({ email, ...options }: DevelopmentTokenOptions): Promise<string> {
  return (await issueDevelopmentTokens({ ...options, emails: [email] }))[0]!;
}

/**
 * Issues session tokens for people in the database, with the claims of a Stytch B2B session JWT. For development only.
 *
 * @throws PikaiaError `PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL` if an address belongs to no active member and no operator.
 * @throws PikaiaError `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION` if NODE_ENV is production.
 */
export async function issueDevelopmentTokens({
  emails,
  keysDirectory,
  databaseUrl,
  lifetime = DEFAULT_LIFETIME_S,
}: DevelopmentTokensOptions): Promise<string[]> {
  const { privateKey } = await developmentKeys(keysDirectory);
  const subjects: Subject[] = [];
  const client = new IsolatedClient({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const email of emails) subjects.push(await findSubject(client, email));
  } finally {
    await client.end();
  }
  return Promise.all(subjects.map((subject) => sign(subject, privateKey, lifetime)));
}

interface Subject {
  readonly subject: string;
  readonly organization: { readonly organization_id: string; readonly slug: string | null };
}

function sign({ subject, organization }: Subject, key: CryptoKey, lifetime: number): Promise<string> {
  const started = new Date();
  const expires = new Date(started.getTime() + lifetime * 1000);
  return new SignJWT({
    [SESSION_CLAIM]: {
      id: `session-test-${randomUUID()}`,
      started_at: started.toISOString(),
      last_accessed_at: started.toISOString(),
      expires_at: expires.toISOString(),
      attributes: { ip_address: '', user_agent: '' },
      authentication_factors: [],
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

async function findSubject(client: pg.Client, email: string): Promise<Subject> {
  const { rows } = await client.query<{ subject: string; organization_id: string | null; slug: string | null }>(
    `select coalesce(m.provider_id, u.provider_id) as subject, o.provider_id as organization_id, o.slug
     from organizations_user u
     left join organizations_member m on m.user_id = u.id and m.status = 'active' and m.provider_id is not null
     left join organizations_organization o on o.id = m.organization_id
     where (u.email_key = $1 or (u.email_key is null and lower(u.email) = lower($2))) and coalesce(m.provider_id, u.provider_id) is not null
     order by m.id limit 1`,
    [emailKey(email), email],
  );
  const found = rows[0];
  if (!found) {
    throw new PikaiaError('PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL', `${email} is neither an active member nor an operator.`);
  }
  return {
    subject: found.subject,
    organization:
      found.organization_id === null
        ? { organization_id: DEVELOPMENT_OPERATOR_ORGANIZATION, slug: 'operators' }
        : { organization_id: found.organization_id, slug: found.slug },
  };
}
