/**
 * The kind of a database fault.
 *
 * `unavailable`: the server is unreachable, does not respond, refuses this process or is shutting down; all work fails.
 * `busy`: this work lost a race or ran out of time or memory; it can succeed when it is retried.
 * `in_doubt`: COMMIT was sent and no response arrived; the work may or may not be committed.
 */
export type DatabaseFault = 'unavailable' | 'busy' | 'in_doubt';

const IN_DOUBT = 'PIKAIA_TRANSACTION_IN_DOUBT';

// SQLSTATEs, and error codes of this library. docs/errors.md gives the reason for each.
const BUSY = /^(40001|40P01|53200|55P03|57014|25P0[34])$/;
const UNAVAILABLE =
  /^(08...|28...|3D000|25006|53[013]00|57000|57P0[1-5]|58000|58030|PIKAIA_DATABASE_(CONNECTION_LOST|UNRESPONSIVE))$/;

// Codes of the operating system and of TLS. A server whose certificate cannot be verified counts as unreachable.
const NETWORK =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOST(UNREACH|DOWN)|ENET(UNREACH|DOWN)|ENOTFOUND|EAI_AGAIN|EADDRNOTAVAIL|EMFILE|ENFILE|ENOBUFS|EPROTO)$/;
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|ERROR_IN_C|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$)/;

// Errors of pg and TypeORM that have no code. TypeORM releases the query runner of a connection that breaks between two statements of
// one `find`, and then refuses the second statement.
const UNAVAILABLE_MESSAGES =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client (has encountered a connection error|was closed)|Cannot use a pool after calling end|SASL: |Password must be a string|The server does not support SSL connections|There was an error establishing an SSL connection|Driver not Connected|Query runner already released)/;

const MAX_CAUSE_DEPTH = 5;

interface ErrorFields {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly severity?: unknown;
  readonly syscall?: unknown;
  readonly driverError?: unknown;
  readonly cause?: unknown;
}

/**
 * Classifies an error, or its causes, that the state of the database explains. The same work can succeed later. Returns
 * undefined for every other error, such as a violated constraint, a missing privilege or corrupt data.
 */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  try {
    let current = error as ErrorFields | null | undefined;
    for (let depth = 0; current && typeof current === 'object' && depth < MAX_CAUSE_DEPTH; depth++) {
      const fault = classifyError(current);
      if (fault) return fault;
      current = (current.driverError ?? current.cause) as ErrorFields | null | undefined;
    }
  } catch {
    // A getter or a proxy that throws is no error of the database.
  }
  return undefined;
}

function classifyError({ code, message, severity, syscall }: ErrorFields): DatabaseFault | undefined {
  if (typeof code === 'string') {
    if (code === IN_DOUBT) return 'in_doubt';
    if (BUSY.test(code)) return 'busy';
    if (UNAVAILABLE.test(code) || NETWORK.test(code) || TLS.test(code)) return 'unavailable';
  }
  // FATAL and PANIC end or refuse the session. So the statement is not the cause, whatever the code is.
  if (severity === 'FATAL' || severity === 'PANIC') return 'unavailable';
  if (syscall === 'connect' || syscall === 'getaddrinfo') return 'unavailable';
  return typeof message === 'string' && UNAVAILABLE_MESSAGES.test(message) ? 'unavailable' : undefined;
}
