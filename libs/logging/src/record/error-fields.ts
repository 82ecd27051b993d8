import { redactAndCut } from './json-text.js';

const MAX_MESSAGE_CHARS = 2_048;
const MAX_STACK_CHARS = 8_192;
const MAX_CAUSES = 8; // depth of the chain of causes

export interface ErrorFields {
  readonly kind: string;
  readonly message: string;
  readonly stack: string;
  /** `code`, and `constraint` and `table` of a PostgreSQL error. Never `detail`, parameters or the query: they hold row values. */
  readonly details: Readonly<Record<string, string>>;
  /** The stacks of the error and its causes, outermost first. */
  readonly chain: string;
}

/** Returns the fields of a record that describe a thrown value. Never throws. */
export function errorFields(thrown: unknown): ErrorFields {
  const own = describe(thrown);
  const stacks = [own.stack];
  for (let at = causeOf(thrown), depth = 0; at !== undefined && depth < MAX_CAUSES; at = causeOf(at), depth++) {
    stacks.push(`Caused by: ${describe(at).stack}`);
  }
  return { ...own, chain: stacks.join('\n') };
}

/** Returns the redacted message of a thrown value, without the values that PostgreSQL and TypeORM errors quote. */
export const errorMessage = (thrown: unknown): string => describe(thrown).message;

function describe(thrown: unknown): Omit<ErrorFields, 'chain'> {
  const isObject = typeof thrown === 'object' && thrown !== null;
  if (!isObject) {
    const message = redactAndCut(toText(thrown), MAX_MESSAGE_CHARS);
    return { kind: typeof thrown, message, stack: message, details: {} };
  }
  const details: Record<string, string> = {};
  for (const name of ['code', 'constraint', 'table']) {
    const value = readText(thrown, name) || readText(readSafely(thrown, 'driverError'), name);
    if (value) details[name] = redactAndCut(value, 256);
  }
  const kind = readText(thrown, 'name') || 'Error';
  const raw = messageOf(thrown);
  const message = withoutQuotedInput(raw, kind, details['code']);
  const written = readText(thrown, 'stack');
  const named = written.includes(readText(thrown, 'message') || raw) ? written : `${kind}: ${raw}\n${written}`;
  const stack = message === raw ? named : named.replaceAll(raw, () => message);
  return {
    kind,
    message: redactAndCut(message, MAX_MESSAGE_CHARS),
    stack: redactAndCut(stack.trimEnd() || kind, MAX_STACK_CHARS),
    details,
  };
}

/**
 * SQLSTATEs whose messages quote input: data exceptions (class 22) quote the value, syntax errors (42601) the literal. The
 * quoted input can contain quotes.
 */
const QUOTES_INPUT = /^(22[0-9A-Z]{3}|42601)$/;

/** Removes the input that a message quotes: JSON.parse quotes part of the text, TypeORM the search criteria. */
function withoutQuotedInput(message: string, kind: string, code: string | undefined): string {
  if (message.endsWith(' is not valid JSON'))
    return message.replace(/(?:\.\.\.)?"[^]*"(?:\.\.\.)? is not valid JSON$/, 'the text is not valid JSON');
  if (kind === 'EntityNotFoundError') return message.replace(/ matching: [^]*$/, '');
  return code !== undefined && QUOTES_INPUT.test(code) ? message.replace(/"[^]*"/, '"…"') : message;
}

/** Joins the messages of an AggregateError without a message. Node throws one for refused connections. */
function messageOf(error: object): string {
  const own = readText(error, 'message');
  if (own) return own;
  const errors = readSafely(error, 'errors');
  return Array.isArray(errors) ? [...new Set(errors.map((each) => readText(each, 'message')))].filter(Boolean).join('; ') : '';
}

function causeOf(thrown: unknown): unknown {
  return readSafely(thrown, 'cause');
}

function toText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return '[unreadable]'; // a function whose toString throws
  }
}

function readSafely(owner: unknown, key: string): unknown {
  if (typeof owner !== 'object' || owner === null) return undefined;
  try {
    return (owner as Record<string, unknown>)[key];
  } catch {
    return undefined; // a getter that throws
  }
}

function readText(owner: unknown, key: string): string {
  const value = readSafely(owner, key);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
