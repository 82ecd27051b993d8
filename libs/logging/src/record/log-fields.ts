/**
 * The names of all fields that the library writes. They follow Datadog's standard attributes. Formatters, queries and alarms
 * use these constants.
 */
export const LogField = {
  timestamp: 'timestamp',
  level: 'level',
  logger: 'logger',
  event: 'event',
  traceId: 'trace_id',
  traceOrigin: 'trace.origin',
  ddTraceId: 'dd.trace_id',
  ddSpanId: 'dd.span_id',
  userId: 'usr.id',
  userEmail: 'usr.email',
  organizationId: 'organization.id',
  method: 'http.method',
  path: 'http.url_details.path',
  route: 'http.route',
  statusCode: 'http.status_code',
  /** A whole number of nanoseconds. */
  duration: 'duration',
  /** The number of statements sent to the database. */
  queryCount: 'db.query_count',
  /** The time during which at least one statement was in flight, in nanoseconds. */
  queryDuration: 'db.duration',
  /** The time during which a transaction was open, in nanoseconds. Its locks were held for no longer than this. */
  transactionDuration: 'db.transaction_duration',
  /** The text of a slow statement without literals. */
  statement: 'db.statement',
  operation: 'db.operation',
  clientAddress: 'network.client.ip',
  userAgent: 'http.useragent',
  eventId: 'event.id',
  consumer: 'consumer',
  attempt: 'attempt',
  errorKind: 'error.kind',
  errorMessage: 'error.message',
  errorStack: 'error.stack',
  errorCode: 'error.code',
  /** From a PostgreSQL error. */
  errorConstraint: 'error.constraint',
  errorTable: 'error.table',
  /** The stacks of the error and its causes. */
  excInfo: 'exc_info',
  /** Text from outside the library: a message of Nest, or printed output. */
  message: 'message',
  /** True if a size limit cut something off the line. */
  truncated: 'log.truncated',
  service: 'service',
  env: 'env',
  version: 'version',
} as const;

/** The fields that a caller adds to a record. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The fields that a caller can set itself if the context does not. The relay, for example, logs about an event outside the
 * context of that event.
 */
const CALLER_FIELDS: ReadonlySet<string> = new Set([
  LogField.duration,
  LogField.queryCount,
  LogField.queryDuration,
  LogField.transactionDuration,
  LogField.statement,
  LogField.operation,
  LogField.eventId,
  LogField.consumer,
  LogField.attempt,
]);

/** The keys that Datadog interprets as the severity, host, time or trace of a line, at any position. */
const DATADOG_KEYS = ['status', 'host', 'date', 'dd'] as const;

const RESERVED_KEYS: ReadonlySet<string> = new Set([
  ...Object.values(LogField).filter((name) => !CALLER_FIELDS.has(name)),
  ...DATADOG_KEYS,
]);
const RESERVED_ROOTS: ReadonlySet<string> = new Set(
  Object.values(LogField)
    .filter((name) => name.includes('.'))
    .map((name) => name.split('.', 1)[0]!),
);

/** True for keys that a caller's field cannot have. A nested object counts as its dotted paths: `{ usr: { id } }` is `usr.id`. */
export const isReserved = (key: string, nested: boolean): boolean =>
  RESERVED_KEYS.has(key) || (nested && RESERVED_ROOTS.has(key)) || key.startsWith('dd.');
