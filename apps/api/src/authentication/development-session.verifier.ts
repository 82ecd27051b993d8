import { jwtVerify, type CryptoKey } from 'jose';
import { ALGORITHM, DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, developmentKeys } from './development-keys.js';
import { readSessionClaims } from './session-claims.js';
import { SessionRefusedError, type Session, type SessionVerifier } from './session-verifier.js';

/** Verifies what the development issuer signs. It has no place in production and says so when it is made there. */
export class DevelopmentSessionVerifier implements SessionVerifier {
  private constructor(private readonly key: CryptoKey) {}

  /** @throws PikaiaError `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION`. */
  static async create(keysDirectory: string): Promise<DevelopmentSessionVerifier> {
    return new DevelopmentSessionVerifier((await developmentKeys(keysDirectory)).publicKey);
  }

  async verify(token: string): Promise<Session> {
    try {
      const { payload } = await jwtVerify(token, this.key, {
        issuer: DEVELOPMENT_ISSUER,
        audience: DEVELOPMENT_AUDIENCE,
        algorithms: [ALGORITHM],
        requiredClaims: ['exp', 'sub'],
      });
      return readSessionClaims(payload);
    } catch (cause) {
      if (cause instanceof SessionRefusedError) throw cause;
      throw new SessionRefusedError((cause as Error).message, { cause });
    }
  }
}
