import { withTextMask, type ContextScope } from '@pikaia/core';
import { contextFields } from './context-text.js';
import { ownKeys } from './copy-fields.js';
import { cut, quote, quoteRedacted } from './json-text.js';
import { lineMask } from './line-mask.js';
import { nameText } from './name-text.js';
import { isReserved, LogField, type LogFields } from './log-fields.js';
import type { LogLevel } from './log-level.js';
import type { ThrownDescription } from './thrown-value.js';
import { describeThrown, entryText, exceedsBudget, keyText, newBudget, valueText, type Budget } from './value-text.js';

const MAX_LINE_BYTES = 15 * 1_024; // container log drivers split lines at 16 KiB
const MIN_EXC_INFO_CHARS = 2_048; // UTF-16 units reserved for exc_info
const MAX_STACK_CHARS = 8_192;
const EVENT_FIELDS: ReadonlySet<string> = new Set([LogField.eventId, LogField.consumer, LogField.attempt]);

export interface RecordParts {
  readonly level: LogLevel;
  readonly logger: string;
  readonly event: string;
  readonly scope?: ContextScope | undefined;
  /** Fields with reserved names, written by this library: JSON text, each field with a leading comma. */
  readonly reserved?: string;
  /** The fields of child(). */
  readonly inherited?: LogFields | undefined;
  readonly fields?: LogFields | undefined;
  /** The field `message`; undefined for none. */
  readonly message?: unknown;
  /** The thrown value, in an array so that it can be `undefined`. */
  readonly thrown?: readonly [unknown] | undefined;
}

/**
 * Returns one record as a line of JSON, at most 15 KiB. Each key occurs once. Reserved names come first, then the fields of
 * the call, of child() and of the context, in this order. A field whose name is taken becomes `extra.<name>`. Never throws.
 *
 * @param time milliseconds since 1970
 * @param origin the result of originText
 */
export function recordText(parts: RecordParts, time: number, origin: string): string {
  const head = timeText(time) + nameText(parts.level, parts.logger, parts.event);
  const shared = parts.scope && contextFields(parts.scope);
  const fixed = head + (shared ? shared.text : '') + (parts.reserved ?? '') + origin;
  const assigned = shared?.assigned;
  if (!parts.fields && !parts.inherited && !assigned && !parts.thrown && parts.message === undefined) return `${fixed}}`;
  const mask = parts.scope && lineMask(parts.scope);
  return mask ? withTextMask(mask, () => lineText(fixed, parts, assigned)) : lineText(fixed, parts, assigned);
}

function lineText(fixed: string, parts: RecordParts, assigned: LogFields | undefined): string {
  // The budget counts characters, not bytes. A line that is too long in bytes is written again with a smaller budget.
  const error = parts.thrown && describeThrown(parts.thrown[0]);
  let maxChars = MAX_LINE_BYTES - 64; // for log.truncated
  let text = lineWithin(maxChars, fixed, parts, assigned, error);
  if (text.length * 3 <= MAX_LINE_BYTES) return text;
  for (let size = Buffer.byteLength(text); size > MAX_LINE_BYTES && maxChars > 1_024; size = Buffer.byteLength(text)) {
    maxChars = Math.floor(Math.min((maxChars * MAX_LINE_BYTES) / size, maxChars * 0.8));
    text = lineWithin(maxChars, fixed, parts, assigned, error);
  }
  return text;
}

function lineWithin(
  maxChars: number,
  fixed: string,
  parts: RecordParts,
  assigned: LogFields | undefined,
  error: ThrownDescription | undefined,
): string {
  const budget = newBudget(maxChars - fixed.length);
  if (!error) return `${fixed}${fieldsText(parts, assigned, budget)}${truncatedText(budget)}}`;
  const errorPart = errorText(error, budget);
  budget.remainingChars -= MIN_EXC_INFO_CHARS;
  const own = fieldsText(parts, assigned, budget);
  const chain = quoteWithin(error.chain, MIN_EXC_INFO_CHARS + budget.remainingChars, budget);
  return `${fixed}${errorPart}${own},"${LogField.excInfo}":${chain}${truncatedText(budget)}}`;
}

const truncatedText = (budget: Budget): string => (budget.truncated ? `,"${LogField.truncated}":true` : '');

function fieldsText({ message, fields, inherited, scope }: RecordParts, assigned: LogFields | undefined, budget: Budget): string {
  const taken: string[] = [];
  const inEvent = scope?.snapshot.event !== undefined;
  let text = message === undefined ? '' : `,"${LogField.message}":${valueText(message, budget)}`;
  if (fields) text += namedFieldsText(fields, inEvent, taken, budget);
  if (inherited) text += namedFieldsText(inherited, inEvent, taken, budget);
  if (assigned) text += namedFieldsText(assigned, inEvent, taken, budget);
  return text;
}

function namedFieldsText(owner: LogFields, inEvent: boolean, taken: string[], budget: Budget): string {
  let text = '';
  for (const key of ownKeys(owner)) {
    if (exceedsBudget(budget)) break;
    const value = entryText(owner, key, budget);
    if (value === undefined) continue;
    const nested = value.startsWith('{');
    let name = key;
    while (taken.includes(name) || isReserved(name, nested) || (inEvent && EVENT_FIELDS.has(name))) name = `extra.${name}`;
    taken.push(name);
    text += `,${keyText(name, budget)}${value}`;
  }
  return text;
}

function errorText({ kind, message, stack, details }: ThrownDescription, budget: Budget): string {
  let text = `,"${LogField.errorKind}":${quoteRedacted(kind, 256)},"${LogField.errorMessage}":${quoteRedacted(message, 2_048)}`;
  for (const [name, value] of Object.entries(details)) text += `,"error.${name}":${quoteRedacted(value, 256)}`;
  text += `,"${LogField.errorStack}":${quoteWithin(stack, Math.min(MAX_STACK_CHARS, budget.remainingChars - text.length - 2 * MIN_EXC_INFO_CHARS), budget)}`;
  budget.remainingChars -= text.length;
  return text;
}

function quoteWithin(text: string, maxChars: number, budget: Budget): string {
  const whole = quote(text);
  if (whole.length <= maxChars) return whole;
  budget.truncated = true;
  return quote(cut(text, Math.max(Math.floor((maxChars * text.length) / whole.length) - 16, 0)));
}

let cachedTime = Number.NaN;
let cachedTimeText = '';

/** Hot path: formats the time once a millisecond, because formatting costs as much as the rest of a short line. */
function timeText(time: number): string {
  if (time !== cachedTime) {
    cachedTime = time;
    const text = Number.isNaN(time) ? 'unknown' : new Date(time).toISOString();
    cachedTimeText = `{"${LogField.timestamp}":"${text}"`;
  }
  return cachedTimeText;
}

/** Returns `service`, `env` and `version` as JSON text. */
export const originText = (origin: { service?: string; env?: string; version?: string }): string =>
  (['service', 'env', 'version'] as const)
    .map((name) => (origin[name] === undefined ? '' : `,"${LogField[name]}":${quoteRedacted(origin[name], 128)}`))
    .join('');
