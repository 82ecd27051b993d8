import type { JWTVerifyGetKey } from 'jose';
import type { Session, SessionVerifier } from './session-verifier.js';
import { verifySessionToken } from './verify-session-token.js';

const CLOCK_SKEW_S = 30; // tolerated difference to the clock of the provider

export interface ProviderSessionOptions {
  readonly keys: JWTVerifyGetKey;
  /** A token must have exactly one of them, character by character. */
  readonly issuers: readonly string[];
  readonly audience: string;
  /**
   * The organization at the provider whose sessions are operator sessions. With Stytch, each person is a member of an
   * organization, so operators have an organization that is not a tenant. If undefined, no session is an operator session.
   */
  readonly operatorOrganization?: string | undefined;
}

/** Verifies the session tokens of a provider such as Stytch B2B with its public keys, without a request for each session. */
export class ProviderSessionVerifier implements SessionVerifier {
  constructor(private readonly options: ProviderSessionOptions) {}

  verify(token: string): Promise<Session> {
    const { keys, issuers, audience, operatorOrganization } = this.options;
    return verifySessionToken(token, keys, { issuers, audience, operatorOrganization, clockSkewSeconds: CLOCK_SKEW_S });
  }
}
