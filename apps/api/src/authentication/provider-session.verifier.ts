import { jwtVerify, type JWTVerifyGetKey } from 'jose';
import { readSessionClaims } from './session-claims.js';
import { SessionRefusedError, SessionsUnavailableError, type Session, type SessionVerifier } from './session-verifier.js';

const ALGORITHM = 'RS256'; // what Stytch signs with; a token does not choose
const CLOCK_SKEW_S = 30; // between the provider's clock and ours

export interface ProviderSessionOptions {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
  /** Whose sessions are operators'. */
  readonly operatorOrganization?: string | undefined;
}

/** Verifies the sessions of a provider, as Stytch B2B issues them, by its public keys: nobody is asked for a single session. */
export class ProviderSessionVerifier implements SessionVerifier {
  constructor(private readonly options: ProviderSessionOptions) {}

  async verify(token: string): Promise<Session> {
    const { keys, issuer, audience, operatorOrganization } = this.options;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [ALGORITHM],
        requiredClaims: ['exp', 'sub', 'iat'],
        clockTolerance: CLOCK_SKEW_S,
      });
      const { organization, ...session } = readSessionClaims(payload);
      // With Stytch everybody is a member of some organization, operators too; theirs is none of the tenants.
      return organization === undefined || organization === operatorOrganization ? session : { ...session, organization };
    } catch (cause) {
      if (cause instanceof SessionRefusedError || cause instanceof SessionsUnavailableError) throw cause;
      throw new SessionRefusedError((cause as Error).message, { cause });
    }
  }
}
