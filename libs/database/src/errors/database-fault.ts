/**
 * `unavailable`: the server cannot be reached, does not answer, refuses this process or is going down; all work fails.
 * `busy`: this work lost a race or ran out of time or memory; it may succeed when it is repeated.
 * `in_doubt`: COMMIT was sent and not answered; the work may be done.
 */
export type DatabaseFault = 'unavailable' | 'busy' | 'in_doubt';

const IN_DOUBT = 'PIKAIA_TRANSACTION_IN_DOUBT';

// SQLSTATEs, and the codes of this library. docs/errors.md gives the reason for each.
const BUSY = /^(40001|40P01|53200|55P03|57014|25P0[34])$/;
const UNAVAILABLE =
  /^(08...|28...|3D000|25006|53[013]00|57000|57P0[1-5]|58000|58030|PIKAIA_DATABASE_(CONNECTION_LOST|UNRESPONSIVE))$/;

// Codes of the operating system and of TLS. A connection that cannot be verified is no connection.
const NETWORK =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOST(UNREACH|DOWN)|ENET(UNREACH|DOWN)|ENOTFOUND|EAI_AGAIN|EADDRNOTAVAIL|EMFILE|ENFILE|ENOBUFS|EPROTO)$/;
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|ERROR_IN_C|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$)/;

// pg and TypeORM give these errors no code.
const MESSAGES =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client (has encountered a connection error|was closed)|Cannot use a pool after calling end|SASL: |Password must be a string|The server does not support SSL connections|There was an error establishing an SSL connection|Driver not Connected)/;

const DEPTH = 5; // of causes

interface Thrown {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly severity?: unknown;
  readonly syscall?: unknown;
  readonly driverError?: unknown;
  readonly cause?: unknown;
}

/**
 * Tells whether an error, or one of its causes, comes from the state of the database and not from the work: then the same
 * work may succeed later. Undefined for every other error, such as a constraint, a right that is missing, or damaged data.
 */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  let at = error as Thrown | null | undefined;
  for (let depth = 0; at && typeof at === 'object' && depth < DEPTH; depth++) {
    const fault = faultOf(at);
    if (fault) return fault;
    at = (at.driverError ?? at.cause) as Thrown | null | undefined;
  }
  return undefined;
}

function faultOf({ code, message, severity, syscall }: Thrown): DatabaseFault | undefined {
  if (typeof code === 'string') {
    if (code === IN_DOUBT) return 'in_doubt';
    if (BUSY.test(code)) return 'busy';
    if (UNAVAILABLE.test(code) || NETWORK.test(code) || TLS.test(code)) return 'unavailable';
  }
  // FATAL and PANIC end the session, or refuse it: the statement has nothing to do with it, whatever the code says.
  if (severity === 'FATAL' || severity === 'PANIC') return 'unavailable';
  if (syscall === 'connect' || syscall === 'getaddrinfo') return 'unavailable';
  return typeof message === 'string' && MESSAGES.test(message) ? 'unavailable' : undefined;
}
