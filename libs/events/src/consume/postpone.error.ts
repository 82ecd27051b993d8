import { databaseFault } from '@pikaia/database';

/**
 * Thrown by a handler that cannot reach what it needs: the event comes again later and no attempt is burnt, so an hour
 * without a mail server makes no dead letter. Later events of the same aggregate wait.
 */
export class PostponeError extends Error {
  override readonly name = 'PostponeError';
  /** Milliseconds; without it the pause doubles from a second to five minutes. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { retryAfterMs, cause }: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

// Of a handler's own connections: a mail server, a provider.
const UNREACHABLE = new Set([
  'ECONNECTION', // nodemailer
  'ETIME',
  'ESOCKET',
  'EDNS',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/**
 * The error as a postponement where it, or one of its causes, says that something was not reached. A statement that takes
 * too long, or loses a race, is not one: the handler may be the reason, so it counts as a failed attempt.
 */
export function asPostponement(error: unknown): PostponeError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof PostponeError) return at;
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && UNREACHABLE.has(code)) return unreached(error);
  }
  const fault = databaseFault(error);
  // The receipt of a transaction in doubt tells the next attempt whether the work is done.
  return fault === 'unavailable' || fault === 'in_doubt' ? unreached(error) : undefined;
}

const unreached = (cause: unknown): PostponeError => new PostponeError('What the handler needs was not reached.', { cause });
