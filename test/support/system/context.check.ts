/** A request that a test sent, with the context that its log lines, events and audit entries must have. */
export interface SentRequest {
  readonly correlationId: string;
  readonly userId: string;
  readonly organizationId: string;
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  /** An email address that occurs in no other request. */
  readonly about?: string;
}

/** The context fields of a log line, an event or an audit entry. A missing field is undefined or null. */
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

// The fields that each kind must have. Other fields are compared if they are present.
const REQUIRED_FIELDS: Readonly<Record<ContextTrace['kind'], readonly Field[]>> = {
  line: ['userId', 'organizationId', 'method', 'path', 'userAgent'],
  event: ['userId', 'organizationId'],
  entry: ['userId', 'organizationId', 'userAgent'],
};

/** Describes each trace that belongs to no request, lacks a required field or differs from its request. */
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

/** Reads the context fields of a parsed log line. */
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
