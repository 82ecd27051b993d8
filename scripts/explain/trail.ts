/** The response of the API to a correlation ID. */
export interface Trail {
  readonly correlation_id: string;
  /** In chronological order. */
  readonly entries: readonly TrailEntry[];
  /** The kinds of which `entries` does not have all. Absent in the response of an older API. */
  readonly truncated?: readonly TruncatedKind[];
}

export interface TruncatedKind {
  readonly kind: string;
  readonly shown: number;
  /** The path of the next page. Null if no list continues the entries. */
  readonly next: string | null;
  readonly hint: string;
}

/** Set if an entry has no diff or result because it is too large for a list. */
export interface Shortened {
  readonly bytes: number;
  readonly url: string;
}

export type TrailEntry = LogEntry | EventEntry | AuditEntry | AttemptEntry | ReceiptEntry | WebhookEntry | WebhookAttemptEntry;

interface TimedEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
}

export interface LogEntry extends TimedEntry {
  readonly kind: 'log';
  readonly event: string;
  readonly level: string;
  readonly consumer?: string;
  readonly attempt?: number;
  /** Nanoseconds. */
  readonly duration?: number;
  readonly 'http.method'?: string;
  readonly 'http.url_details.path'?: string;
  readonly 'http.status_code'?: number;
  readonly 'error.kind'?: string;
  readonly [field: string]: unknown;
}

export interface EventEntry extends TimedEntry {
  readonly kind: 'event';
  readonly recorded_at?: string | null;
  readonly event_id: string;
  readonly event_type: string;
  /** An older API does not send it. */
  readonly causation_id?: string | null;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  /** An older API does not send it. */
  readonly deciding_deliveries?: readonly { readonly sink: string }[];
  /** Null if it is too large for a list. */
  readonly payload?: { readonly actor?: { readonly id: string } | null } | null;
}

export interface AuditEntry extends TimedEntry {
  readonly kind: 'audit';
  readonly id?: string;
  readonly action: string;
  readonly actor_type?: string | null;
  readonly actor_id: string | null;
  readonly actor_email: string | null;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly changed?: readonly string[];
  readonly diff: { readonly old: Values | null; readonly new: Values | null } | null;
  readonly shortened?: Shortened | null;
}

type Values = Readonly<Record<string, unknown>>;

/** A failed attempt to deliver an event. */
export interface AttemptEntry extends TimedEntry {
  readonly kind: 'attempt';
  readonly event_id: string;
  readonly sink: string;
  readonly error: string;
}

export interface ReceiptEntry extends TimedEntry {
  readonly kind: 'receipt';
  readonly event_id: string;
  readonly consumer: string;
  readonly state: string;
  readonly result: Values | null;
  readonly shortened?: Shortened | null;
}

/** A delivery of an event to a webhook endpoint. */
export interface WebhookEntry extends TimedEntry {
  readonly kind: 'webhook';
  readonly delivery_id: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly status: string;
  readonly attempt_count: number;
  readonly next_attempt_at: string | null;
}

export interface WebhookAttemptEntry extends TimedEntry {
  readonly kind: 'webhook_attempt';
  readonly delivery_id: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly number: number;
  readonly duration_ms: number;
  readonly response_status: number | null;
  readonly error_code: string | null;
  readonly error: string | null;
}

/** What the renderer needs to know beside the trail. */
export interface TrailContext {
  /** A line that says which user's view this is. */
  readonly seenAs?: string | undefined;
  /** Shortens the path of a file. */
  relativePath(path: string): string;
  /** The path of the email that the event caused; undefined if there is none. */
  emailFileOf(eventId: string): string | undefined;
}

const ACCESS_LINES: ReadonlySet<string> = new Set(['request_completed', 'request_failed', 'request_aborted']);

export interface TrailRequest {
  readonly line: LogEntry;
  readonly status: number;
  readonly durationMs: number;
  readonly startedAt: number;
}

/** The requests that carried the correlation ID. A client can use one ID for several requests. */
export const requestsOf = (entries: readonly TrailEntry[]): TrailRequest[] =>
  entries
    .filter((entry) => entry.kind === 'log')
    .filter(({ event }) => ACCESS_LINES.has(event))
    .map((line) => {
      const { 'http.status_code': status = 0, duration = 0 } = line;
      const durationMs = duration / 1e6;
      return { line, status, durationMs, startedAt: Date.parse(line.time) - durationMs };
    });
