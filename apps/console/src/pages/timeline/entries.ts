import type { Schemas } from '../../api/client.js';
import { countText } from '../../components/count-text.js';

type Listed = Schemas['Correlation']['entries'][number];
export type EventEntry = Extract<Listed, { kind: 'event' }>;
export type AuditEntry = Extract<Listed, { kind: 'audit' }>;
export type AttemptEntry = Extract<Listed, { kind: 'attempt' }>;
export type ReceiptEntry = Extract<Listed, { kind: 'receipt' }>;
export type WebhookEntry = Extract<Listed, { kind: 'webhook' }>;
export type WebhookAttemptEntry = Extract<Listed, { kind: 'webhook_attempt' }>;

/** A log line. docs/log-fields.md describes its fields. */
export interface LogEntry {
  readonly kind: 'log';
  readonly time: string;
  readonly [field: string]: unknown;
}

export type Entry = LogEntry | EventEntry | AuditEntry | AttemptEntry | ReceiptEntry | WebhookEntry | WebhookAttemptEntry;

export const KINDS = ['log', 'event', 'audit', 'attempt', 'receipt', 'webhook', 'webhook_attempt'] as const;
export type Kind = (typeof KINDS)[number];

export interface EntryError {
  /** The name and code of the error, unless the title of the row says it. */
  readonly name?: string;
  readonly message: string;
  readonly stack?: string;
}

/** An entry as the timeline shows it. Times are Unix milliseconds. */
export interface TimelineRow {
  readonly key: string;
  readonly entry: Entry;
  readonly kind: Kind;
  readonly title: string;
  /** Short facts, such as a status or a duration. */
  readonly facts: readonly string[];
  readonly tone: 'good' | 'bad' | 'warn' | 'neutral';
  /** The process, sink or consumer. */
  readonly source: string;
  /** The beginning and end of what the entry describes. They are equal for a moment. */
  readonly start: number;
  readonly end: number;
  readonly error?: EntryError;
}

export const NANOSECONDS = 1e6; // in a millisecond
const ACCESS_LINES: ReadonlySet<unknown> = new Set(['request_completed', 'request_failed', 'request_aborted']);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** A line that ends a request. */
export const isAccessLine = (entry: Entry): entry is LogEntry => entry.kind === 'log' && ACCESS_LINES.has(entry['event']);

/** Converts the entries of the api, in their order. */
export function rowsOf(entries: readonly Entry[]): TimelineRow[] {
  const events = new Map(entries.filter((entry) => entry.kind === 'event').map((event) => [event.event_id, event]));
  const seen = new Map<string, number>();
  return entries.map((entry) => {
    const identity = identityOf(entry);
    const repeated = seen.get(identity) ?? 0;
    seen.set(identity, repeated + 1);
    return { ...rowOf(entry, events), entry, kind: entry.kind, key: repeated ? `${identity} ${repeated}` : identity };
  });
}

/** The beginning of the first thing that happened. An entry is listed at its end, so it may not be the first entry. */
export const beginningOf = (rows: readonly TimelineRow[]): number =>
  rows.reduce((least, { start }) => Math.min(least, start), Infinity);

/** Stays the same when the timeline is read again, so that an unfolded entry stays unfolded. */
function identityOf(entry: Entry): string {
  switch (entry.kind) {
    case 'event':
      return `event ${entry.event_id}`;
    case 'audit':
      return `audit ${entry.id}`;
    case 'attempt':
      return `attempt ${entry.event_id} ${entry.sink} ${entry.time}`;
    case 'receipt':
      return `receipt ${entry.event_id} ${entry.consumer}`;
    case 'webhook':
      return `webhook ${entry.delivery_id}`;
    case 'webhook_attempt':
      return `webhook attempt ${entry.delivery_id} ${entry.number}`;
    default:
      return `log ${entry.time} ${String(entry['service'])} ${String(entry['event'])}`;
  }
}

type Shown = Omit<TimelineRow, 'key' | 'entry' | 'kind'>;

function rowOf(entry: Entry, events: ReadonlyMap<string, EventEntry>): Shown {
  const at = Date.parse(entry.time);
  switch (entry.kind) {
    case 'event':
      return eventRow(entry, at);
    case 'audit':
      return {
        title: entry.action,
        facts: [entry.actor_email ?? entry.actor_id, `${entry.aggregate_type} ${entry.aggregate_id}`],
        tone: 'neutral',
        source: 'audit log',
        start: at,
        end: at,
      };
    case 'attempt':
      return {
        title: 'Failed attempt',
        facts: [],
        tone: 'bad',
        source: entry.sink,
        start: at,
        end: at,
        error: { message: entry.error },
      };
    case 'receipt': {
      const event = events.get(entry.event_id);
      return {
        title: entry.state === 'done' ? 'Handled' : 'Claimed',
        facts: event ? [event.event_type] : [],
        tone: entry.state === 'done' ? 'good' : 'warn',
        source: entry.consumer,
        start: Math.min(event ? Date.parse(event.recorded_at ?? event.time) : at, at),
        end: at,
      };
    }
    case 'webhook':
      return webhookRow(entry, at);
    case 'webhook_attempt':
      return webhookAttemptRow(entry, at);
    default:
      return logRow(entry, at);
  }
}

function eventRow(event: EventEntry, at: number): Shown {
  const { status, attempts, last_error: error } = event;
  const sink = event.deciding_deliveries[0]?.sink;
  return {
    title: event.event_type,
    facts: [
      status.replaceAll('_', ' '),
      ...(attempts > 0
        ? [`${attempts} failed ${attempts === 1 ? 'attempt' : 'attempts'}${sink === undefined ? '' : ` at ${sink}`}`]
        : []),
      `${event.aggregate_type} ${event.aggregate_id}`,
    ],
    tone: status === 'published' ? 'good' : status === 'failed' ? 'bad' : attempts > 0 ? 'warn' : 'neutral',
    source: 'outbox',
    start: at,
    end: Math.max(at, event.published_at === null ? at : Date.parse(event.published_at)),
    ...(status === 'failed' &&
      error !== null && { error: { name: `Dead letter${sink === undefined ? '' : ` at ${sink}`}`, message: error } }),
  };
}

export const endpointName = ({ endpoint_id: id }: WebhookEntry | WebhookAttemptEntry): string => `endpoint ${id.slice(-8)}`;

const WEBHOOK_TONES: Readonly<Record<string, TimelineRow['tone']>> = { delivered: 'good', failed: 'bad' };

function webhookRow(webhook: WebhookEntry, at: number): Shown {
  const { status, attempt_count: attempts, delivery_kind: kind, settled_at: settled } = webhook;
  return {
    title: `Webhook ${webhook.event_type}`,
    facts: [status, countText(attempts, 'attempt'), ...(kind === 'event' ? [] : [kind])],
    tone: WEBHOOK_TONES[status] ?? (status === 'pending' && attempts > 0 ? 'warn' : 'neutral'),
    source: endpointName(webhook),
    start: at,
    end: Math.max(at, settled === null ? at : Date.parse(settled)),
  };
}

function webhookAttemptRow(attempt: WebhookAttemptEntry, at: number): Shown {
  const { number, duration_ms: duration, response_status: status, error_code: code, error } = attempt;
  return {
    title: `Webhook attempt ${number}`,
    facts: status === null ? [] : [String(status)],
    tone: code === null ? 'good' : 'bad',
    source: endpointName(attempt),
    start: at,
    end: at + duration,
    ...(code !== null && { error: { name: code, message: error ?? '' } }),
  };
}

const LEVEL_TONES: Readonly<Record<string, TimelineRow['tone']>> = { WARNING: 'warn', ERROR: 'bad', CRITICAL: 'bad' };

function logRow(line: LogEntry, at: number): Shown {
  const duration = (numberOf(line['duration']) ?? 0) / NANOSECONDS;
  const status = numberOf(line['http.status_code']);
  const message = textOf(line['error.message']) ?? textOf(line['problem.detail']);
  const stack = textOf(line['exc_info']) ?? textOf(line['error.stack']);
  const [kind, code] = [textOf(line['error.kind']), textOf(line['error.code'])];
  return {
    title: textOf(line['event']) ?? textOf(line['message']) ?? 'log line',
    facts: [
      ...(status === undefined ? [] : [String(status)]),
      ...[line['consumer'], line['sink'], line['event_type']].flatMap((value) => textOf(value) ?? []),
    ],
    tone: LEVEL_TONES[String(line['level'])] ?? (status !== undefined && status >= 400 ? 'warn' : 'neutral'),
    source: textOf(line['service']) ?? 'log',
    start: at - duration,
    end: at,
    ...(message !== undefined && {
      error: {
        ...(kind !== undefined && { name: `${kind}${code === undefined ? '' : ` (${code})`}` }),
        message,
        ...(stack !== undefined && { stack }),
      },
    }),
  };
}
