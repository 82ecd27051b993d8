import type { JWTVerifyGetKey } from 'jose';
import type { Session, SessionVerifier } from './session-verifier.js';
import { verifySessionToken } from './verify-session-token.js';

const CLOCK_SKEW_S = 30; // between the provider's clock and ours

export interface ProviderSessionOptions {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
  /**
   * Whose sessions are operators'. With Stytch everybody is a member of some organization, operators too; theirs is none of the
   * tenants. Without it nobody signs in as an operator.
   */
  readonly operatorOrganization?: string | undefined;
}

/** Verifies the sessions of a provider, as Stytch B2B issues them, by its public keys: nobody is asked for a single session. */
export class ProviderSessionVerifier implements SessionVerifier {
  constructor(private readonly options: ProviderSessionOptions) {}

  verify(token: string): Promise<Session> {
    const { keys, issuer, audience, operatorOrganization } = this.options;
    return verifySessionToken(token, keys, { issuer, audience, operatorOrganization, clockSkewSeconds: CLOCK_SKEW_S });
  }
}
