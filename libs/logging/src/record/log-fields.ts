/**
 * The names of every field that a line can carry by itself. They follow Datadog's standard attributes; formatters,
 * queries and alarms take them from here.
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
  /** Statements that were sent to the database. */
  queryCount: 'db.query_count',
  /** Nanoseconds for which they were on their way, added up. */
  queryDuration: 'db.duration',
  /** Of a slow one: its shape, without any value. */
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
  /** Of PostgreSQL's error. */
  errorConstraint: 'error.constraint',
  errorTable: 'error.table',
  /** The error and its causes as one text. */
  excInfo: 'exc_info',
  /** What others say: Nest's text, or what was printed. */
  message: 'message',
  /** True where a budget has cut something off this line. */
  truncated: 'log.truncated',
  service: 'service',
  env: 'env',
  version: 'version',
} as const;

/** The fields that a caller adds to a record. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the code around a call may set itself when no context does: a relay logs about an event without running in its context. */
const CALLER_FIELDS: ReadonlySet<string> = new Set([
  LogField.duration,
  LogField.queryCount,
  LogField.queryDuration,
  LogField.statement,
  LogField.operation,
  LogField.eventId,
  LogField.consumer,
  LogField.attempt,
]);

/** What Datadog takes for the line's own severity, host, time or trace wherever it stands. */
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

/** True for the keys that a caller's field may not have. A nested object counts as its dotted paths: `{ usr: { id } }` is `usr.id`. */
export const isReserved = (key: string, nested: boolean): boolean =>
  RESERVED_KEYS.has(key) || (nested && RESERVED_ROOTS.has(key)) || key.startsWith('dd.');
