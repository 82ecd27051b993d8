/** A verified session: who signed in, as member or operator. Permissions are read from the database for each request. */
export type Session = MemberSession | OperatorSession;

interface VerifiedSession {
  readonly id: string;
  /** The id of the member or operator at the session provider. */
  readonly subject: string;
  /** The Unix time in milliseconds from which on the token is refused. It contains the tolerated difference of the clocks. */
  readonly expiresAtMs: number;
}

export interface MemberSession extends VerifiedSession {
  readonly kind: 'member';
  /** The id of the organization at the session provider. */
  readonly organization: string;
  /** The email address that the provider has verified. Absent if the token contains none. */
  readonly email?: string;
}

/** A session of the operators' organization. A missing organization never makes an operator session. */
interface OperatorSession extends VerifiedSession {
  readonly kind: 'operator';
}

/** Verifies session tokens. */
export interface SessionVerifier {
  /**
   * Verifies signature, issuer, audience and time of a session token.
   *
   * @throws SessionRefusedError if the token does not prove a current session of the person.
   * @throws ImpersonationRefusedError if another person acts as the person of the session.
   * @throws SessionsUnavailableError if the token cannot be verified at the moment.
   */
  verify(token: string): Promise<Session>;
}

export const SESSION_VERIFIER = Symbol('pikaia.session-verifier');

/** The token is invalid. The message is for the log, never for the caller. */
export class SessionRefusedError extends Error {
  override readonly name = 'SessionRefusedError';
}

/**
 * The session is one of a person who acts as another person. Events and audit entries would name the wrong actor, so it is
 * refused.
 */
export class ImpersonationRefusedError extends SessionRefusedError {
  /**
   * @param subject the member or operator whose session it is.
   * @param impersonator the id of the person who acts, if the token has a valid one.
   */
  constructor(
    readonly subject: string,
    readonly impersonator: string | undefined,
  ) {
    super('the session is an impersonation');
  }
}

/** The token cannot be verified because the keys cannot be fetched. A 401 would sign people out during an outage. */
export class SessionsUnavailableError extends Error {
  override readonly name = 'SessionsUnavailableError';

  constructor(
    readonly retryAfterSeconds: number,
    options: ErrorOptions,
  ) {
    super("The session provider's keys cannot be fetched.", options);
  }
}
