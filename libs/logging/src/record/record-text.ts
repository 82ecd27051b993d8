import type { ContextScope } from '@pikaia/core';
import { contextText } from './context-text.js';
import { ownKeys } from './copy-fields.js';
import { errorFields, type ErrorFields } from './error-fields.js';
import { cut, quote, quoteCut } from './json-text.js';
import { isReserved, LogField } from './log-fields.js';
import type { LogLevel } from './log-level.js';
import { entryText, keyText, newBudget, spent, type Budget } from './value-text.js';

const LINE_LIMIT = 15 * 1_024; // bytes: container log drivers split at 16 KiB
const CHAIN_ROOM = 2_048; // kept for exc_info, whatever the call's fields take
const STACK_ROOM = 8_192;
const EVENT_FIELDS: ReadonlySet<string> = new Set([LogField.eventId, LogField.consumer, LogField.attempt]);

export type LogFields = Readonly<Record<string, unknown>>;

export interface RecordParts {
  readonly time: Date;
  readonly level: LogLevel;
  readonly logger: string;
  readonly event: string;
  readonly scope?: ContextScope | undefined;
  /** What this package itself adds under reserved names: JSON text, each field with a comma before it. */
  readonly reserved?: string;
  /** Those of child(). */
  readonly inherited?: LogFields | undefined;
  readonly fields?: LogFields | undefined;
  /** What was thrown, in an array so that `undefined` can be thrown too. */
  readonly thrown?: readonly [unknown];
  /** `service`, `env` and `version`. */
  readonly origin: string;
}

/**
 * One record as a line of JSON, at most 15 KiB. Each key stands there once: reserved names first, then the call's fields,
 * then those of child(); a field whose name is taken becomes `extra.<name>`. Never throws.
 */
export function recordText(parts: RecordParts): string {
  const head = `{"${LogField.timestamp}":"${timeText(parts.time)}","${LogField.level}":"${LEVEL[parts.level]}","${LogField.logger}":${quoteCut(parts.logger, 256)},"${LogField.event}":${quoteCut(parts.event, 256)}`;
  const fixed = head + (parts.scope ? contextText(parts.scope) : '') + (parts.reserved ?? '') + parts.origin;
  if (!parts.fields && !parts.inherited && !parts.thrown) return `${fixed}}`;
  return within(LINE_LIMIT, (room) => {
    const error = parts.thrown && errorFields(parts.thrown[0]);
    const budget = newBudget(room - fixed.length);
    const what = error ? errorText(error, budget) : '';
    budget.room -= error ? CHAIN_ROOM : 0;
    const own = fieldsText(parts, budget);
    const chain = error ? `,"${LogField.excInfo}":${quoteWithin(error.chain, CHAIN_ROOM + budget.room, budget)}` : '';
    const mark = budget.truncated ? `,"${LogField.truncated}":true` : '';
    return `${fixed}${what}${own}${chain}${mark}}`;
  });
}

const LEVEL: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warning: 'WARNING',
  error: 'ERROR',
  critical: 'CRITICAL',
};

/** Characters are not bytes: a line that is too long in bytes is written again with less room. */
function within(bytes: number, write: (room: number) => string): string {
  let room = bytes - 64; // for log.truncated
  let text = write(room);
  if (text.length * 3 <= bytes) return text;
  for (let size = Buffer.byteLength(text); size > bytes && room > 1_024; size = Buffer.byteLength(text)) {
    room = Math.floor(Math.min((room * bytes) / size, room * 0.8));
    text = write(room);
  }
  return text;
}

function fieldsText({ fields, inherited, scope }: RecordParts, budget: Budget): string {
  const taken = new Set<string>();
  let text = '';
  for (const owner of [fields, inherited]) {
    if (!owner) continue;
    for (const key of ownKeys(owner)) {
      if (spent(budget)) break;
      const value = entryText(owner, key, budget);
      if (value === undefined) continue;
      const nested = value.startsWith('{');
      let name = key;
      while (taken.has(name) || isReserved(name, nested) || (scope?.snapshot.event && EVENT_FIELDS.has(name)))
        name = `extra.${name}`;
      taken.add(name);
      text += `,${keyText(name, budget)}:${value}`;
    }
  }
  return text;
}

function errorText({ kind, message, stack, details }: ErrorFields, budget: Budget): string {
  let text = `,"${LogField.errorKind}":${quoteCut(kind, 256)},"${LogField.errorMessage}":${quoteCut(message, 2_048)}`;
  for (const [name, value] of Object.entries(details)) text += `,"error.${name}":${quoteCut(value, 256)}`;
  text += `,"${LogField.errorStack}":${quoteWithin(stack, Math.min(STACK_ROOM, budget.room - text.length - 2 * CHAIN_ROOM), budget)}`;
  budget.room -= text.length;
  return text;
}

function quoteWithin(text: string, room: number, budget: Budget): string {
  const whole = quote(text);
  if (whole.length <= room) return whole;
  budget.truncated = true;
  return quote(cut(text, Math.max(Math.floor((room * text.length) / whole.length) - 16, 0)));
}

let millisecond = Number.NaN;
let written = '';

/** Formatting the time costs as much as the rest of a short line, so it is done once a millisecond. */
function timeText(time: Date): string {
  const now = time.getTime();
  if (now !== millisecond) {
    millisecond = now;
    written = Number.isNaN(now) ? 'unknown' : time.toISOString();
  }
  return written;
}

/** `service`, `env` and `version` as JSON text. */
export const originText = (origin: { service?: string; env?: string; version?: string }): string =>
  (['service', 'env', 'version'] as const)
    .map((name) => (origin[name] === undefined ? '' : `,"${LogField[name]}":${quote(cut(origin[name], 128))}`))
    .join('');
