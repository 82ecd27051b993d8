import type { Style } from './terminal.ts';
import type { AuditEntry, EventEntry, LogEntry, Shortened, TrailContext, TrailEntry, WebhookAttemptEntry } from './trail.ts';
import { milliseconds, shown } from './value.text.ts';

const KINDS: Record<TrailEntry['kind'], { symbol: string; style: Style }> = {
  log: { symbol: '·', style: 'gray' },
  event: { symbol: '◆', style: 'cyan' },
  audit: { symbol: '■', style: 'magenta' },
  attempt: { symbol: '✗', style: 'red' },
  receipt: { symbol: '✓', style: 'green' },
  webhook: { symbol: '→', style: 'cyan' },
  webhook_attempt: { symbol: '→', style: 'gray' },
};
const LEVEL_STYLES: Readonly<Record<string, Style>> = { WARNING: 'yellow', ERROR: 'red', CRITICAL: 'red' };
// Fields that the header, the kind or the name already show, and hashes that mean nothing to a reader.
const HIDDEN_FIELDS =
  /^(time|timestamp|kind|level|logger|event|trace_id|trace\.origin|usr\..*|organization\.id|http\..*|network\.client\.ip|service|env|version|error\..*|exc_info|event\.id|event_type|audit\..*|log\.truncated|attempt|duration|db\.query_count|db\.(transaction_)?duration|fingerprint)$/;

export interface EntryText {
  readonly symbol: string;
  readonly style: Style;
  readonly kind: string;
  readonly name: string;
  readonly details: readonly string[];
}

/** The display form of one entry: symbol, kind, name, and the fields that are worth showing. */
export function entryText(entry: TrailEntry, context: TrailContext): EntryText {
  const { symbol, style } = KINDS[entry.kind] ?? KINDS.log; // a newer API can have other kinds
  const [name, details] = nameAndDetails(entry, context);
  const levelStyle = entry.kind === 'log' ? LEVEL_STYLES[entry.level] : undefined;
  return { symbol, style: levelStyle ?? style, kind: entry.kind, name, details: details.filter(Boolean) };
}

/** An empty detail is not shown. */
function nameAndDetails(entry: TrailEntry, context: TrailContext): [name: string, details: string[]] {
  switch (entry.kind) {
    case 'event': {
      const { event_type: type, status, attempts, last_error: error } = entry;
      const failures = attempts > 0 ? failedAttempts(entry) : '';
      return [type, [status, failures, error ? `last: ${shown(error)}` : '', aggregateOf(entry)]];
    }
    case 'audit':
      return [entry.action, [...changeDetails(entry), aggregateOf(entry)]];
    case 'attempt':
      return [entry.sink, ['failed', shown(entry.error)]];
    case 'receipt':
      return [entry.consumer, [entry.state, ...fields(entry.result ?? {}), shortenedText('result', entry.shortened)]];
    case 'webhook':
      return [entry.event_type, [entry.status, `to endpoint ${shown(entry.endpoint_id)}`]];
    case 'webhook_attempt':
      return [`attempt ${entry.number}`, [attemptResult(entry), `in ${milliseconds(entry.duration_ms)}`]];
    default:
      return [entry.event, logDetails(entry, context)];
  }
}

/** The status of the response, or why there was none. */
export const attemptResult = ({ response_status: status, error_code: code, error }: WebhookAttemptEntry): string =>
  code === null ? `responded ${status}` : `${shown(code)}: ${shown(error)}`;

/** The number of failed attempts, and the sink that refused them. */
export function failedAttempts({ attempts, deciding_deliveries: [delivery] = [] }: EventEntry): string {
  return `${attempts} failed ${attempts === 1 ? 'attempt' : 'attempts'}${delivery ? ` at ${shown(delivery.sink)}` : ''}`;
}

const aggregateOf = ({ aggregate_type: type, aggregate_id: id }: { aggregate_type: string; aggregate_id: string }): string =>
  shown(`(${type} ${id})`);

function logDetails(entry: LogEntry, { relativePath }: TrailContext): string[] {
  const { 'http.status_code': status, 'db.query_count': count, event, consumer, attempt = 1, duration } = entry;
  const time = duration === undefined ? '' : milliseconds(duration / 1e6);
  const others = Object.entries(entry)
    .filter(([key]) => !HIDDEN_FIELDS.test(key) && key !== 'consumer')
    .map(([key, value]) => [key, key === 'file' ? relativePath(String(value)) : value]);
  if (event === 'domain_event') return [shown(entry['event_type'])]; // the entry of the event shows the rest
  const details: string[] = [];
  if (status !== undefined) details.push(`${status} in ${time}`);
  if (consumer !== undefined) details.push(attempt > 1 ? `attempt ${attempt}` : '', time && `in ${time}`);
  if (event === 'database_query_slow') details.push(time && `in ${time}`);
  else if (count !== undefined)
    details.push(`${count} ${count === 1 ? 'statement' : 'statements'} in ${milliseconds(Number(entry['db.duration']) / 1e6)}`);
  const inTransaction = entry['db.transaction_duration'];
  if (inTransaction !== undefined) details.push(`transaction open for ${milliseconds(Number(inTransaction) / 1e6)}`);
  return [
    ...details,
    ...fields(Object.fromEntries(others)),
    entry['error.kind'] ? `${entry['error.kind']}: ${errorMessage(entry)}` : '',
  ];
}

/** The message and code of the error that a line reports. */
export const errorMessage = (entry: LogEntry): string =>
  `${shown(entry['error.message'])}${entry['error.code'] ? ` (${entry['error.code']})` : ''}`;

const fields = (values: object): string[] => Object.entries(values).map(([key, value]) => `${shown(key)}=${shown(value)}`);

const shortenedText = (name: string, shortened: Shortened | null | undefined): string =>
  shortened ? `${name} of ${shortened.bytes} bytes: GET ${shown(shortened.url)}` : '';

/** Changed fields, as in `role: member → admin`. For a new or removed row: its values, without ids and nulls. */
function changeDetails({ changed = [], diff, shortened }: AuditEntry): string[] {
  if (shortened) return [`changed: ${shown(changed.join(', '))}`, shortenedText('diff', shortened)];
  const { old: before, new: after } = diff ?? {};
  if (before && after) {
    return changed.map((field) =>
      field in before || field in after ? `${field}: ${shown(before[field])} → ${shown(after[field])}` : `${field}: changed`,
    );
  }
  const only = Object.entries(after ?? before ?? {}).filter(([key, value]) => value !== null && !/(^|_)id$/.test(key));
  return [after ? 'new' : 'removed', ...only.map(([key, value]) => `${key}: ${shown(value)}`)];
}
