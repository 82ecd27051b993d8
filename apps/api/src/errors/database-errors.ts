const RETRY_AFTER_S = 2; // PostgreSQL restarts within it

// Codes of the operating system and of pg's own connection, and SQLSTATE classes after which the same request may pass.
const SYSTEM = new Set([
  'PIKAIA_DATABASE_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const STATES = /^(08|53|57|40001$|40P01$|55P03$|25P03$|25006$)/; // no connection, no resources, going down or timed out, lost a race, read-only
const MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/;

interface DatabaseError {
  code?: string;
  message?: string;
  driverError?: unknown;
  cause?: unknown;
}

/** Seconds after which to try again, where the error says that the database is away or busy; otherwise undefined. */
export function retryAfter(error: unknown): number | undefined {
  for (let at = error as DatabaseError | undefined, depth = 0; at && typeof at === 'object' && depth < 5; depth++) {
    const { code } = at;
    if (typeof code === 'string' && (SYSTEM.has(code) || STATES.test(code))) return RETRY_AFTER_S;
    if (MESSAGES.test(at.message ?? '')) return RETRY_AFTER_S;
    at = (at.driverError ?? at.cause) as DatabaseError | undefined;
  }
  return undefined;
}

/** True where a write has hit a unique constraint. */
export function isUniqueConflict(error: unknown): boolean {
  const { code } = ((error as DatabaseError | null)?.driverError ?? error ?? {}) as DatabaseError;
  return code === '23505';
}
