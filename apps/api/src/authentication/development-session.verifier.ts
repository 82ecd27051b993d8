import type { CryptoKey } from 'jose';
import {
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_ISSUER,
  DEVELOPMENT_OPERATOR_ORGANIZATION,
  developmentKeys,
} from './development-keys.js';
import type { Session, SessionVerifier } from './session-verifier.js';
import { verifySessionToken } from './verify-session-token.js';

/** Verifies the tokens of the development issuer. Its creation fails in production. */
export class DevelopmentSessionVerifier implements SessionVerifier {
  private constructor(private readonly key: CryptoKey) {}

  /** @throws PikaiaError `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION`. */
  static async create(keysDirectory: string): Promise<DevelopmentSessionVerifier> {
    return new DevelopmentSessionVerifier((await developmentKeys(keysDirectory)).publicKey);
  }

  verify(token: string): Promise<Session> {
    return verifySessionToken(token, this.key, {
      issuers: [DEVELOPMENT_ISSUER],
      audience: DEVELOPMENT_AUDIENCE,
      operatorOrganization: DEVELOPMENT_OPERATOR_ORGANIZATION,
      clockSkewSeconds: 0, // issuer and api run on the same machine
    });
  }
}
