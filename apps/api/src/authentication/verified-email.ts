import type { JWTPayload } from 'jose';
import { emailKey } from '../members/email-key.js';

interface Factor {
  readonly delivery_method?: unknown;
  readonly email_factor?: { readonly email_address?: unknown } | null;
}

/**
 * Reads the email address that the provider has verified for the person of a session. The standard claims `email` and
 * `email_verified: true` come first. Without them, a factor of Stytch counts that was delivered by email: a link or a code in a
 * message to that address. A session of OAuth or SSO contains no address unless the provider is set up to add the standard claims.
 *
 * @returns undefined if the token contains no such address, or one that mail cannot be sent to.
 */
export function readVerifiedEmail(claims: JWTPayload, session: Readonly<Record<string, unknown>>): string | undefined {
  const factors = Array.isArray(session['authentication_factors'])
    ? (session['authentication_factors'] as (Factor | null)[])
    : [];
  const candidates: unknown[] = [
    claims['email_verified'] === true ? claims['email'] : undefined,
    ...factors.map((factor) => (factor?.delivery_method === 'email' ? factor.email_factor?.email_address : undefined)),
  ];
  return candidates.find((email): email is string => typeof email === 'string' && emailKey(email) !== undefined);
}
