import { styleText } from 'node:util';
import { LogField } from '../record/log-fields.js';

const COLOUR = { DEBUG: 'gray', INFO: 'green', WARNING: 'yellow', ERROR: 'red', CRITICAL: 'magenta' } as const;
const HEADER_FIELDS: ReadonlySet<string> = new Set([
  LogField.timestamp,
  LogField.level,
  LogField.logger,
  LogField.event,
  LogField.traceId,
]);
const HIDDEN_FIELDS: ReadonlySet<string> = new Set([
  LogField.service,
  LogField.env,
  LogField.version,
  LogField.errorStack, // exc_info begins with the same text
  LogField.errorKind,
  LogField.errorMessage,
  LogField.excInfo,
  LogField.userAgent,
  // Identical on every line of a request. The access line with the same trace id has method, path and status.
  LogField.traceOrigin,
  LogField.ddTraceId,
  LogField.ddSpanId,
  LogField.userId,
  LogField.userEmail,
  LogField.organizationId,
  LogField.method,
  LogField.path,
  LogField.route,
  LogField.clientAddress,
]);
const ORIGIN_FIELDS: ReadonlySet<string> = new Set([LogField.service, LogField.env, LogField.version]);
const STARTED = 'application_started'; // the one line that shows them
const SHORT_TRACE_LENGTH = 8; // the end of a UUIDv7 is random; its beginning is the time

/**
 * Formats a record for people: time, level, logger, event, the end of the trace id, the fields and the user, with the stack
 * below. An access line also shows method and path. Only the JSON format has the other context fields.
 */
export function prettyText(line: string, color: boolean): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const level = textOf(record[LogField.level]) as keyof typeof COLOUR;
  const time = new Date(textOf(record[LogField.timestamp]));
  const trace = textOf(record[LogField.traceId] ?? '').slice(-SHORT_TRACE_LENGTH);
  const isStart = record[LogField.event] === STARTED;
  const fields = Object.entries(record)
    .filter(([key]) => !HEADER_FIELDS.has(key) && (!HIDDEN_FIELDS.has(key) || (isStart && ORIGIN_FIELDS.has(key))))
    .map(([key, value]) => `${paint('cyan', wordText(key))}=${valueText(key, value)}`);
  const stack = record[LogField.excInfo];
  return [
    paint('gray', Number.isNaN(time.getTime()) ? '' : timeText(time)),
    paint(COLOUR[level] ?? 'white', level.padEnd(8)),
    paint('blue', oneLine(textOf(record[LogField.logger]))),
    paint('bold', oneLine(textOf(record[LogField.event]))),
    ...(trace ? [paint('gray', `#${oneLine(trace)}`)] : []),
    ...(LogField.statusCode in record ? [oneLine(`${textOf(record[LogField.method])} ${textOf(record[LogField.path])}`)] : []),
    ...fields,
    ...(LogField.userEmail in record ? [paint('gray', oneLine(textOf(record[LogField.userEmail])))] : []),
    ...(stack === undefined ? [] : [`\n${paint('red', indented(textOf(stack)))}`]),
  ].join(' ');
}

const DURATIONS: ReadonlySet<string> = new Set([LogField.duration, LogField.queryDuration, LogField.transactionDuration]);

function valueText(key: string, value: unknown): string {
  if (DURATIONS.has(key) && typeof value === 'number') return `${(value / 1e6).toFixed(1)}ms`;
  if (typeof value !== 'string') return oneLine(JSON.stringify(value));
  return wordText(value);
}

/** Quotes a text that could be taken for several words or fields. */
const wordText = (text: string): string => (/^[\w@.:/+-]+$/.test(text) ? text : oneLine(JSON.stringify(text)));

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''));

const timeText = (time: Date): string =>
  `${[time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')}.${String(time.getMilliseconds()).padStart(3, '0')}`;

/** Replaces control and direction characters, which could move the cursor, ring the bell or recolor the terminal. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ');

const indented = (text: string): string =>
  text
    .split('\n')
    .map((row) => `    ${oneLine(row).trimEnd()}`)
    .join('\n');
