import type { ContextScope } from '@pikaia/core';
import { contextText } from './context-text.js';
import { ownKeys } from './copy-fields.js';
import { errorFields, type ErrorFields } from './error-fields.js';
import { cut, quote, quoteRedacted } from './json-text.js';
import { nameText } from './name-text.js';
import { isReserved, LogField, type LogFields } from './log-fields.js';
import type { LogLevel } from './log-level.js';
import { entryText, keyText, newBudget, exceedsBudget, valueText, type Budget } from './value-text.js';

const MAX_LINE_BYTES = 15 * 1_024; // bytes: container log drivers split at 16 KiB
const EXC_INFO_CHARS = 2_048; // kept for exc_info, whatever the call's fields take
const MAX_STACK_CHARS = 8_192;
const EVENT_FIELDS: ReadonlySet<string> = new Set([LogField.eventId, LogField.consumer, LogField.attempt]);

export interface RecordParts {
  readonly level: LogLevel;
  readonly logger: string;
  readonly event: string;
  readonly scope?: ContextScope | undefined;
  /** What this package itself adds under reserved names: JSON text, each field with a comma before it. */
  readonly reserved?: string;
  /** Those of child(). */
  readonly inherited?: LogFields | undefined;
  readonly fields?: LogFields | undefined;
  /** What others say, for `message`; undefined for none. */
  readonly message?: unknown;
  /** What was thrown, in an array so that `undefined` can be thrown too. */
  readonly thrown?: readonly [unknown] | undefined;
}

/**
 * One record as a line of JSON, at most 15 KiB. Each key stands there once: reserved names first, then the call's fields,
 * then those of child(); a field whose name is taken becomes `extra.<name>`. Never throws.
 *
 * @param time milliseconds since 1970
 * @param origin `service`, `env` and `version`, from originText
 */
export function recordText(parts: RecordParts, time: number, origin: string): string {
  const head = timeText(time) + nameText(parts.level, parts.logger, parts.event);
  const fixed = head + (parts.scope ? contextText(parts.scope) : '') + (parts.reserved ?? '') + origin;
  if (!parts.fields && !parts.inherited && !parts.thrown && parts.message === undefined) return `${fixed}}`;
  // Characters are not bytes: a line that is too long in bytes is written again with less room.
  let room = MAX_LINE_BYTES - 64; // for log.truncated
  let text = lineWithin(room, fixed, parts);
  if (text.length * 3 <= MAX_LINE_BYTES) return text;
  for (let size = Buffer.byteLength(text); size > MAX_LINE_BYTES && room > 1_024; size = Buffer.byteLength(text)) {
    room = Math.floor(Math.min((room * MAX_LINE_BYTES) / size, room * 0.8));
    text = lineWithin(room, fixed, parts);
  }
  return text;
}

function lineWithin(room: number, fixed: string, parts: RecordParts): string {
  const budget = newBudget(room - fixed.length);
  const error = parts.thrown && errorFields(parts.thrown[0]);
  if (!error) return `${fixed}${fieldsText(parts, budget)}${truncatedText(budget)}}`;
  const what = errorText(error, budget);
  budget.remainingChars -= EXC_INFO_CHARS;
  const own = fieldsText(parts, budget);
  const chain = quoteWithin(error.chain, EXC_INFO_CHARS + budget.remainingChars, budget);
  return `${fixed}${what}${own},"${LogField.excInfo}":${chain}${truncatedText(budget)}}`;
}

const truncatedText = (budget: Budget): string => (budget.truncated ? `,"${LogField.truncated}":true` : '');

function fieldsText({ message, fields, inherited, scope }: RecordParts, budget: Budget): string {
  const taken: string[] = [];
  const inEvent = scope?.snapshot.event !== undefined;
  let text = message === undefined ? '' : `,"${LogField.message}":${valueText(message, budget)}`;
  if (fields) text += namedFieldsText(fields, inEvent, taken, budget);
  if (inherited) text += namedFieldsText(inherited, inEvent, taken, budget);
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

function errorText({ kind, message, stack, details }: ErrorFields, budget: Budget): string {
  let text = `,"${LogField.errorKind}":${quoteRedacted(kind, 256)},"${LogField.errorMessage}":${quoteRedacted(message, 2_048)}`;
  for (const [name, value] of Object.entries(details)) text += `,"error.${name}":${quoteRedacted(value, 256)}`;
  text += `,"${LogField.errorStack}":${quoteWithin(stack, Math.min(MAX_STACK_CHARS, budget.remainingChars - text.length - 2 * EXC_INFO_CHARS), budget)}`;
  budget.remainingChars -= text.length;
  return text;
}

function quoteWithin(text: string, room: number, budget: Budget): string {
  const whole = quote(text);
  if (whole.length <= room) return whole;
  budget.truncated = true;
  return quote(cut(text, Math.max(Math.floor((room * text.length) / whole.length) - 16, 0)));
}

let cachedTime = Number.NaN;
let cachedTimeText = '';

/** Formatting the time costs as much as the rest of a short line, so it is done once a millisecond. */
function timeText(time: number): string {
  if (time !== cachedTime) {
    cachedTime = time;
    const text = Number.isNaN(time) ? 'unknown' : new Date(time).toISOString();
    cachedTimeText = `{"${LogField.timestamp}":"${text}"`;
  }
  return cachedTimeText;
}

/** `service`, `env` and `version` as JSON text. */
export const originText = (origin: { service?: string; env?: string; version?: string }): string =>
  (['service', 'env', 'version'] as const)
    .map((name) => (origin[name] === undefined ? '' : `,"${LogField[name]}":${quoteRedacted(origin[name], 128)}`))
    .join('');
