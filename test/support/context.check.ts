/** A request as its sender knows it. */
export interface SentRequest {
  readonly correlationId: string;
  readonly userId: string;
  readonly organizationId: string;
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  /** An address that nobody else's request names. */
  readonly about?: string;
}

/** A log line, an event or an audit entry: whose it claims to be. Undefined or null: it has no such field. */
export interface ContextTrace {
  readonly kind: 'line' | 'event' | 'entry';
  readonly name: string;
  readonly correlationId: unknown;
  readonly userId?: unknown;
  readonly organizationId?: unknown;
  readonly method?: unknown;
  readonly path?: unknown;
  readonly userAgent?: unknown;
  readonly about?: unknown;
}

const FIELDS = ['userId', 'organizationId', 'method', 'path', 'userAgent', 'about'] as const;
type Field = (typeof FIELDS)[number];

// What each kind must have; the rest is compared where it is there.
const REQUIRED_FIELDS: Readonly<Record<ContextTrace['kind'], readonly Field[]>> = {
  line: ['userId', 'organizationId', 'method', 'path', 'userAgent'],
  event: ['userId', 'organizationId'],
  entry: ['userId', 'organizationId', 'userAgent'],
};

/** Each trace that is nobody's, lacks a part of its request's context or has a part of another's. */
export function contextMismatches(traces: readonly ContextTrace[], senders: readonly SentRequest[]): string[] {
  const known = new Map(senders.map((sender) => [sender.correlationId, sender]));
  return traces.flatMap((trace) => {
    const sender = known.get(String(trace.correlationId));
    if (!sender) return [`${trace.kind} ${trace.name}: of no request (${String(trace.correlationId)})`];
    return FIELDS.filter((field) =>
      (trace[field] ?? undefined) === undefined ? REQUIRED_FIELDS[trace.kind].includes(field) : trace[field] !== sender[field],
    ).map((field) => `${trace.kind} ${trace.name} of ${sender.correlationId}: ${field} is ${String(trace[field])}`);
  });
}

/** A log line as JSON has it. */
export const traceOfLine = (line: Readonly<Record<string, unknown>>): ContextTrace => ({
  kind: 'line',
  name: String(line['event']),
  correlationId: line['trace_id'],
  userId: line['usr.id'],
  organizationId: line['organization.id'],
  method: line['http.method'],
  path: line['http.url_details.path'],
  userAgent: line['http.useragent'],
  about: line['email'],
});
