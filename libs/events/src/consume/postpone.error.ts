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

const UNREACHABLE = new Set([
  'PIKAIA_DATABASE_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ECONNECTION', // nodemailer
  'EPIPE',
  'ETIMEDOUT',
  'ETIME',
  'ESOCKET',
  'EDNS',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
  '57P01', // PostgreSQL: admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections
  '57P02',
  '57P03',
  '53300',
  '08000',
  '08003',
  '08006',
]);

/** The error as a postponement where it, or one of its causes, says that something was not reached. */
export function asPostponement(error: unknown): PostponeError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof PostponeError) return at;
    const { code, driverError } = at as { code?: unknown; driverError?: { code?: unknown } };
    if ([code, driverError?.code].some((found) => typeof found === 'string' && UNREACHABLE.has(found))) {
      return new PostponeError('What the handler needs was not reached.', { cause: error });
    }
    if (/^(Connection terminated|timeout exceeded when trying to connect)/.test(at.message)) {
      return new PostponeError('The database was not reached.', { cause: error }); // pg gives these no code
    }
  }
  return undefined;
}
