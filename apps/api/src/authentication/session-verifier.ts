/** What a verified session says: who signed in, and as what. What they may do is read from the database with each request. */
export type Session = MemberSession | OperatorSession;

interface VerifiedSession {
  readonly id: string;
  /** The member's (or operator's) id at the session provider. */
  readonly subject: string;
}

export interface MemberSession extends VerifiedSession {
  readonly kind: 'member';
  /** The organization's id at the session provider. */
  readonly organization: string;
}

/** Of the operators' organization, as the verifier decides; never by the absence of an organization. */
export interface OperatorSession extends VerifiedSession {
  readonly kind: 'operator';
}

/** Where sessions come from. */
export interface SessionVerifier {
  /**
   * Verifies signature, issuer, audience and time of a session token.
   *
   * @throws SessionRefusedError for every token that does not prove a session that is in force; SessionsUnavailableError where
   * that cannot be told at the moment.
   */
  verify(token: string): Promise<Session>;
}

export const SESSION_VERIFIER = Symbol('pikaia.session-verifier');

/** The token proves nothing; the reason is for the log, never for the caller. */
export class SessionRefusedError extends Error {
  override readonly name = 'SessionRefusedError';
}

/** The token may be good: what it would be verified with cannot be fetched. A 401 would sign people out for an outage. */
export class SessionsUnavailableError extends Error {
  override readonly name = 'SessionsUnavailableError';

  constructor(
    readonly retryAfterSeconds: number,
    options: ErrorOptions,
  ) {
    super("The session provider's keys cannot be fetched.", options);
  }
}
