import { jwtVerify, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import { readSessionClaims, type SessionRules } from './session-claims.js';
import { SessionRefusedError, SessionsUnavailableError, type Session } from './session-verifier.js';

const ALGORITHM = 'RS256'; // the algorithm of Stytch; the token must not choose it
/** Applies regardless of the expiry. Stytch tokens are valid for five minutes, those of the development issuer for twelve hours. */
const MAX_TOKEN_AGE_S = 24 * 60 * 60;

export interface SessionTokenRules extends SessionRules {
  readonly issuers: readonly string[];
  readonly audience: string;
}

/**
 * Verifies signature, issuer, audience and times of a session token and reads its claims. The `iat` claim is required: it must not
 * be in the future or more than a day ago.
 *
 * @throws SessionRefusedError if the token is invalid.
 * @throws SessionsUnavailableError if `key` cannot provide a key.
 */
export async function verifySessionToken(
  token: string,
  key: CryptoKey | JWTVerifyGetKey,
  rules: SessionTokenRules,
): Promise<Session> {
  const options = {
    issuer: [...rules.issuers],
    audience: rules.audience,
    algorithms: [ALGORITHM],
    requiredClaims: ['exp', 'sub', 'iat'],
    clockTolerance: rules.clockSkewSeconds,
    maxTokenAge: MAX_TOKEN_AGE_S,
  };
  try {
    const { payload } = await (typeof key === 'function' ? jwtVerify(token, key, options) : jwtVerify(token, key, options));
    return readSessionClaims(payload, rules);
  } catch (cause) {
    if (cause instanceof SessionRefusedError || cause instanceof SessionsUnavailableError) throw cause;
    throw new SessionRefusedError((cause as Error).message, { cause });
  }
}
