import { milliseconds, shown } from './value.text.mjs';

const KINDS = {
  log: { symbol: '·', style: 'gray' },
  event: { symbol: '◆', style: 'cyan' },
  audit: { symbol: '■', style: 'magenta' },
  attempt: { symbol: '✗', style: 'red' },
  receipt: { symbol: '✓', style: 'green' },
};
const LEVEL_STYLES = { WARNING: 'yellow', ERROR: 'red', CRITICAL: 'red' };
// Fields that the header, the kind or the name already show, and hashes that mean nothing to a reader.
const HIDDEN_FIELDS =
  /^(time|timestamp|kind|level|logger|event|trace_id|trace\.origin|usr\..*|organization\.id|http\..*|network\.client\.ip|service|env|version|error\..*|exc_info|event\.id|event_type|audit\..*|log\.truncated|attempt|duration|db\.query_count|db\.duration|fingerprint)$/;

/** The display form of one entry: symbol, kind, name, and the fields that are worth showing. */
export function entryText(entry, context) {
  const { symbol, style } = KINDS[entry.kind] ?? KINDS.log;
  const [name, details] = (TEXTS[entry.kind] ?? TEXTS.log)(entry, context);
  return { symbol, style: LEVEL_STYLES[entry.level] ?? style, kind: entry.kind, name, details: details.filter(Boolean) };
}

const TEXTS = {
  log: (entry, context) => [
    entry.event,
    [...httpDetails(entry), ...consumerDetails(entry), ...databaseDetails(entry), ...otherFields(entry, context), errorOf(entry)],
  ],
  event: (entry) => [
    entry.event_type,
    [
      entry.status,
      entry.attempts > 0 && `${entry.attempts} failed ${entry.attempts === 1 ? 'attempt' : 'attempts'}`,
      entry.last_error && `last: ${shown(entry.last_error)}`,
      aggregateOf(entry),
    ],
  ],
  audit: (entry) => [entry.action, [...changeDetails(entry), aggregateOf(entry)]],
  attempt: (entry) => [entry.sink, ['failed', shown(entry.error)]],
  receipt: (entry) => [entry.consumer, [entry.state, ...fields(entry.result ?? {})]],
};

const aggregateOf = ({ aggregate_type: type, aggregate_id: id }) => shown(`(${type} ${id})`);

const httpDetails = (entry) =>
  entry['http.status_code'] === undefined ? [] : [`${entry['http.status_code']} in ${milliseconds(entry.duration / 1e6)}`];

const consumerDetails = (entry) =>
  entry.consumer === undefined ? [] : [entry.attempt > 1 ? `attempt ${entry.attempt}` : '', durationOf(entry)];

const databaseDetails = (entry) => {
  if (entry.event === 'database_query_slow') return [durationOf(entry)];
  const count = entry['db.query_count'];
  return count === undefined
    ? []
    : [`${count} ${count === 1 ? 'statement' : 'statements'} in ${milliseconds(entry['db.duration'] / 1e6)}`];
};

const durationOf = (entry) => (entry.duration === undefined ? '' : `in ${milliseconds(entry.duration / 1e6)}`);

const otherFields = (entry, { relativePath }) =>
  fields(
    Object.fromEntries(
      Object.entries(entry)
        .filter(([key]) => !HIDDEN_FIELDS.test(key) && key !== 'consumer')
        .map(([key, value]) => [key, key === 'file' ? relativePath(String(value)) : value]),
    ),
  );

const errorOf = (entry) =>
  entry['error.kind'] &&
  `${entry['error.kind']}: ${shown(entry['error.message'])}${entry['error.code'] ? ` (${entry['error.code']})` : ''}`;

const fields = (values) => Object.entries(values).map(([key, value]) => `${shown(key)}=${shown(value)}`);

/** Changed fields, as in `role: member → admin`. For a new or removed row: its values, without ids and nulls. */
function changeDetails({ changed = [], diff }) {
  const { old: before, new: after } = diff ?? {};
  if (before && after) {
    return changed.map((field) =>
      field in before || field in after ? `${field}: ${shown(before[field])} → ${shown(after[field])}` : `${field}: changed`,
    );
  }
  const only = Object.entries(after ?? before ?? {}).filter(([key, value]) => value !== null && !/(^|_)id$/.test(key));
  return [after ? 'new' : 'removed', ...only.map(([key, value]) => `${key}: ${shown(value)}`)];
}
