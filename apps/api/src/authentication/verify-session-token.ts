import { jwtVerify, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import { readSessionClaims, type SessionRules } from './session-claims.js';
import { SessionRefusedError, SessionsUnavailableError, type Session } from './session-verifier.js';

const ALGORITHM = 'RS256'; // what Stytch signs with; a token does not choose
const MAX_TOKEN_AGE_S = 24 * 60 * 60; // whatever end the token claims; Stytch's live five minutes, the development issuer's twelve hours

export interface SessionTokenRules extends SessionRules {
  readonly issuer: string;
  readonly audience: string;
}

/**
 * Verifies signature, issuer, audience and times of a session token and reads its claims. A token must say when it was issued:
 * not in the future, and at most a day ago.
 *
 * @throws SessionRefusedError; SessionsUnavailableError of `key`.
 */
export async function verifySessionToken(
  token: string,
  key: CryptoKey | JWTVerifyGetKey,
  rules: SessionTokenRules,
): Promise<Session> {
  const options = {
    issuer: rules.issuer,
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
