import { databaseFault } from '@pikaia/database';

/**
 * Throw this error from a handler that cannot reach a service that it needs. The event is retried later and the attempt does
 * not count, so an hour without a mail server creates no dead letter. Later events of the same aggregate wait.
 */
export class PostponeError extends Error {
  override readonly name = 'PostponeError';
  /** Milliseconds until the retry. Default: a random delay, up to a bound that doubles from one second to five minutes. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { retryAfterMs, cause }: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

// Error codes of the handler's own connections, for example to a mail server or a provider.
const UNREACHABLE_CODES = new Set([
  'ECONNECTION', // nodemailer
  'ETIME',
  'ESOCKET',
  'EDNS',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/**
 * Codes of a session that ended because of the handler: it was idle in its transaction for too long (25P03), its transaction took
 * too long (25P04), or it exceeded its own timeout. The lost connection that follows is not an outage.
 */
const HANDLER_FAULT_CODES = new Set(['25P03', '25P04', 'PIKAIA_HANDLER_TIMEOUT']);

/**
 * Converts an error to a PostponeError if the error, or one of its causes, means that a service was unreachable. Returns
 * undefined for a statement timeout, a conflict with another transaction, and a session that the server ended because of the
 * handler. The handler may cause these errors, so the attempt counts as failed.
 */
export function asPostponement(error: unknown): PostponeError | undefined {
  try {
    return postponementOf(error);
  } catch {
    return undefined; // a getter or a proxy that throws
  }
}

function postponementOf(error: unknown): PostponeError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof PostponeError) return at;
    const { code } = at as { code?: unknown };
    if (typeof code !== 'string') continue;
    if (HANDLER_FAULT_CODES.has(code)) return undefined;
    if (UNREACHABLE_CODES.has(code)) return dependencyUnreachable(error);
  }
  const fault = databaseFault(error);
  // If the outcome of a COMMIT is unknown, the receipt tells the next attempt whether the work is done.
  return fault === 'unavailable' || fault === 'in_doubt' ? dependencyUnreachable(error) : undefined;
}

const dependencyUnreachable = (cause: unknown): PostponeError =>
  new PostponeError('The handler could not reach a service that it needs.', { cause });
