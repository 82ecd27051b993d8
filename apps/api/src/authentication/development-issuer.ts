import { PikaiaError } from '@pikaia/core';
import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { ALGORITHM, DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, developmentKeys } from './development-keys.js';
import { ORGANIZATION_CLAIM, SESSION_CLAIM } from './session-claims.js';

const LIFETIME_S = 12 * 60 * 60; // a working day

export interface DevelopmentTokenOptions {
  readonly email: string;
  /** Where the signing key lies, `var/keys`. */
  readonly keysDirectory: string;
  /** Any role that may read users and members. */
  readonly databaseUrl: string;
  /** Seconds; for tests of expiry. */
  readonly lifetime?: number;
}

/**
 * A session token for a person in the database, with the claims of a Stytch B2B session JWT. For development only.
 *
 * @throws PikaiaError `PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL` for an address that is no active member and no operator,
 * `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION`.
 */
export async function issueDevelopmentToken({
  email,
  keysDirectory,
  databaseUrl,
  lifetime = LIFETIME_S,
}: DevelopmentTokenOptions): Promise<string> {
  const { privateKey } = await developmentKeys(keysDirectory);
  const { subject, organization } = await findSubject(databaseUrl, email);
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
    ...(organization && { [ORGANIZATION_CLAIM]: organization }),
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .setIssuer(DEVELOPMENT_ISSUER)
    .setAudience(DEVELOPMENT_AUDIENCE)
    .setSubject(subject)
    .setIssuedAt(started)
    .setNotBefore(started)
    .setExpirationTime(expires)
    .sign(privateKey);
}

async function findSubject(databaseUrl: string, email: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ subject: string; organization_id: string | null; slug: string | null }>(
      `select coalesce(m.provider_id, u.provider_id) as subject, o.provider_id as organization_id, o.slug
       from organizations_user u
       left join organizations_member m on m.user_id = u.id and m.status = 'active'
       left join organizations_organization o on o.id = m.organization_id
       where lower(u.email) = lower($1) and coalesce(m.provider_id, u.provider_id) is not null
       order by m.id limit 1`,
      [email],
    );
    const found = rows[0];
    if (!found) {
      throw new PikaiaError('PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL', `${email} is neither an active member nor an operator.`);
    }
    return {
      subject: found.subject,
      ...(found.organization_id && { organization: { organization_id: found.organization_id, slug: found.slug } }),
    };
  } finally {
    await client.end();
  }
}
