import { types } from 'node:util';
import { ownKeys } from './copy-fields.js';
import { cut, redactAndCut } from './json-text.js';

const MAX_MESSAGE_CHARS = 2_048;
const MAX_STACK_CHARS = 8_192;
const MAX_CHAIN_CHARS = 16_384; // longer than a line, so a line that holds less of it is marked as truncated
const MAX_SUMMARY_CHARS = 8_192;
const MAX_DEPTH = 9; // the value, and the causes and inner errors below it
const MAX_INNER_ERRORS = 10; // of one value
const MAX_VALUES = 24; // in the whole description

export interface ThrownDescription {
  /** The name of the error or of its class. For a value that is not an object, its type. */
  readonly kind: string;
  readonly message: string;
  /** The message, followed by those of the inner errors. The kind if there is no message. */
  readonly reason: string;
  readonly stack: string;
  /** `code`, and `constraint` and `table` of a PostgreSQL error. Never `detail`, parameters or the query: they hold row values. */
  readonly details: Readonly<Record<string, string>>;
  /** The stacks of the value, its inner errors and its causes, outermost first. */
  readonly chain: string;
  /** Kind, code and message of the value, its inner errors and its causes, in this order. */
  readonly summary: string;
}

/** Returns the fields of an object as redacted JSON text within the size limits. Never throws. */
type ContentText = (value: object) => string;

type OwnDescription = Omit<ThrownDescription, 'chain' | 'reason'> & {
  /** True if the message consists of the messages of the inner errors. */
  readonly isJoined: boolean;
};

/**
 * Describes any thrown value: an error, a text, an object, null. Never throws, even if a getter or a proxy does. All texts are
 * redacted, and their size is limited.
 */
export const describeThrown = (thrown: unknown, contentText: ContentText): ThrownDescription =>
  new Describer(contentText).describe(thrown, []);

/** True for errors of any realm. A proxy that throws is not an error. */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** Describes one thrown value and what it refers to. A value that contains itself is described once. */
class Describer {
  private remaining = MAX_VALUES;

  constructor(private readonly contentText: ContentText) {}

  describe(thrown: unknown, path: readonly unknown[]): ThrownDescription {
    this.remaining--;
    const { isJoined, ...own } = isObject(thrown) ? describeObject(thrown, this.contentText) : describePrimitive(thrown);
    const inside = [...path, thrown];
    let { summary } = own;
    let reason = own.message || own.kind;
    let chain = own.stack;
    const { errors, count } = innerErrors(thrown);
    const shown = errors.map((error) => this.describeInside(error, inside));
    shown.forEach((error, index) => (chain += indented(`Error ${index + 1} of ${count}: ${error.chain}`)));
    if (shown.length && !isJoined) {
      const omitted = count > shown.length ? [`${count - shown.length} more`] : [];
      const inner = ` [${[...shown.map((error) => error.summary), ...omitted].join('; ')}]`;
      summary += inner;
      reason += inner;
    }
    const cause = readSafely(thrown, 'cause');
    if (cause !== undefined) {
      const described = this.describeInside(cause, inside);
      chain += `\nCaused by: ${described.chain}`;
      summary += ` <- ${described.summary}`;
    }
    return {
      ...own,
      chain: cut(chain, MAX_CHAIN_CHARS),
      summary: cut(summary, MAX_SUMMARY_CHARS),
      reason: cut(reason, MAX_SUMMARY_CHARS),
    };
  }

  private describeInside(value: unknown, path: readonly unknown[]): Pick<ThrownDescription, 'chain' | 'summary'> {
    if (isObject(value) && path.includes(value)) return { chain: '[circular]', summary: '[circular]' };
    if (path.length >= MAX_DEPTH || this.remaining <= 0) return { chain: '[too deep]', summary: '[too deep]' };
    return this.describe(value, path);
  }
}

const indented = (text: string): string => `\n    ${text.replaceAll('\n', '\n    ')}`;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Returns the first errors of an AggregateError and their number, or the two errors of a SuppressedError. */
function innerErrors(thrown: unknown): { readonly errors: readonly unknown[]; readonly count: number } {
  const given = readSafely(thrown, 'errors');
  try {
    if (Array.isArray(given)) return { errors: given.slice(0, MAX_INNER_ERRORS) as unknown[], count: given.length };
  } catch {
    return { errors: [], count: 0 }; // a proxy that throws
  }
  const suppressed = readSafely(thrown, 'suppressed');
  const errors = suppressed === undefined ? [] : [readSafely(thrown, 'error'), suppressed];
  return { errors, count: errors.length };
}

function describePrimitive(thrown: unknown): OwnDescription {
  const message = redactAndCut(primitiveText(thrown), MAX_MESSAGE_CHARS);
  const kind = thrown === null ? 'null' : typeof thrown;
  return { kind, message, stack: message, details: {}, summary: message, isJoined: false };
}

function primitiveText(value: unknown): string {
  if (typeof value === 'function') return `[function ${readText(value, 'name') || 'without a name'}]`;
  if (typeof value === 'string') return value.trim() ? value : JSON.stringify(value);
  return String(value);
}

function describeObject(thrown: object, contentText: ContentText): OwnDescription {
  const details: Record<string, string> = {};
  for (const name of ['code', 'constraint', 'table']) {
    const value = readText(thrown, name) || readText(readSafely(thrown, 'driverError'), name);
    if (value) details[name] = redactAndCut(value, 256);
  }
  const { code } = details;
  const own = ownMessage(thrown);
  const kind = redactAndCut(kindOf(thrown, own !== ''), 256);
  const joined = own ? '' : joinedMessages(thrown);
  const content = quotesRows(thrown, code) ? '' : contentOf(thrown, contentText);
  const raw = own || joined || content;
  const message = withoutQuotedInput(raw, kind, code);
  const stack = stackOf(thrown, kind, raw);
  const redacted = redactAndCut(message, MAX_MESSAGE_CHARS);
  const label = typeof readSafely(thrown, 'code') === 'string' && code ? `${kind} ${code}` : kind;
  return {
    kind,
    message: redacted,
    stack: redactAndCut((message === raw ? stack : stack.replaceAll(raw, () => message)).trimEnd(), MAX_STACK_CHARS) + moreOf(),
    details,
    summary: redacted ? `${label}: ${redacted}` : label,
    isJoined: joined !== '',
  };

  /** The fields of an object that is not an error, if it has more than a message. */
  function moreOf(): string {
    return content && content !== raw && !isError(thrown) && hasMoreFields(thrown) ? ` ${content}` : '';
  }
}

const ERROR_KEYS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors']);

const hasMoreFields = (thrown: object): boolean => ownKeys(thrown).some((key) => !ERROR_KEYS.has(key));

/** Returns the stack, whose first line names the kind and the message. */
function stackOf(thrown: object, kind: string, message: string): string {
  const header = message ? `${kind}: ${message}` : kind;
  const written = readSafely(thrown, 'stack');
  if (typeof written !== 'string' || !written) return header;
  // V8 writes the name that the prototype has when the error is created.
  const name = [readText(thrown, 'name'), readText(prototypeOf(thrown), 'name')].find((each) => each && written.startsWith(each));
  const rest = name === undefined ? undefined : written.slice(name.length);
  if (rest !== undefined && (rest === '' || rest.startsWith('\n'))) return header + rest;
  const named = rest?.startsWith(': ') ? kind + rest : written;
  return named.includes(message) ? named : `${header}\n${named}`;
}

/** Returns the message if it is a text; empty if there is none. */
function ownMessage(thrown: object): string {
  try {
    const { message } = thrown as { message?: unknown };
    return (typeof message === 'string' && message.trim()) || typeof message === 'number' ? String(message) : '';
  } catch {
    return '[unreadable]'; // a getter that throws
  }
}

/** Returns the name of an error, or the name of its class if the name is only that of a built-in class above it. */
function kindOf(thrown: object, hasMessage: boolean): string {
  const isAnError = isError(thrown);
  const name = isAnError || hasMessage ? readText(thrown, 'name') : '';
  if (name && !(isAnError && isInheritedDefault(thrown, name))) return name;
  return readText(readSafely(prototypeOf(thrown), 'constructor'), 'name') || name || (isAnError ? 'Error' : 'Object');
}

/** True if a class above the error's own class defines the name, and the name is that of this class. */
function isInheritedDefault(error: object, name: string): boolean {
  try {
    if (Object.hasOwn(error, 'name')) return false;
    const first = prototypeOf(error);
    let owner = first;
    while (owner && !Object.hasOwn(owner, 'name')) owner = prototypeOf(owner);
    return owner !== first && readText(readSafely(owner, 'constructor'), 'name') === name;
  } catch {
    return false; // a proxy that throws
  }
}

function prototypeOf(value: object): object | null {
  try {
    return Object.getPrototypeOf(value) as object | null;
  } catch {
    return null; // a proxy that throws
  }
}

/** Returns the fields of a value whose message does not tell its content; empty for an error without own fields. */
function contentOf(thrown: object, contentText: ContentText): string {
  const message = readSafely(thrown, 'message');
  if (isObject(message)) return contentText(message);
  if (isError(thrown) && (ownMessage(thrown) || !hasMoreFields(thrown))) return '';
  return contentText(thrown);
}

const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** True for a copy of a database error, whose fields hold the query, its parameters and row values. */
const quotesRows = (thrown: object, code: string | undefined): boolean =>
  readSafely(thrown, 'driverError') !== undefined ||
  (code !== undefined &&
    SQLSTATE.test(code) &&
    (readText(thrown, 'severity') !== '' || readSafely(thrown, 'detail') !== undefined));

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
function joinedMessages(error: object): string {
  const messages = innerErrors(error).errors.map((each) => (isObject(each) ? readText(each, 'message') : primitiveText(each)));
  return [...new Set(messages)].filter(Boolean).join('; ');
}

function readSafely(owner: unknown, key: string): unknown {
  if ((typeof owner !== 'object' && typeof owner !== 'function') || owner === null) return undefined;
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
