import { safeCut } from './json-text.js';

const MESSAGE_LIMIT = 2_048;
const STACK_LIMIT = 8_192;
const CHAIN_LIMIT = 8; // causes of causes

export interface ErrorFields {
  readonly kind: string;
  readonly message: string;
  readonly stack: string;
  /** `code`, and of PostgreSQL's errors `constraint` and `table`. Never `detail`, parameters or the query: they hold row values. */
  readonly details: Readonly<Record<string, string>>;
  /** The stacks of the error and its causes, the outermost first. */
  readonly chain: string;
}

/** What a line says about whatever was thrown. Never throws. */
export function errorFields(thrown: unknown): ErrorFields {
  const own = describe(thrown);
  const stacks = [own.stack];
  for (let at = causeOf(thrown), depth = 0; at !== undefined && depth < CHAIN_LIMIT; at = causeOf(at), depth++) {
    stacks.push(`Caused by: ${describe(at).stack}`);
  }
  return { ...own, chain: stacks.join('\n') };
}

/** The message of whatever was thrown, as a line has it: without the values that PostgreSQL's and TypeORM's errors quote. */
export const errorMessage = (thrown: unknown): string => describe(thrown).message;

function describe(thrown: unknown): Omit<ErrorFields, 'chain'> {
  const isObject = typeof thrown === 'object' && thrown !== null;
  if (!isObject) {
    const message = safeCut(printed(thrown), MESSAGE_LIMIT);
    return { kind: typeof thrown, message, stack: message, details: {} };
  }
  const details: Record<string, string> = {};
  for (const name of ['code', 'constraint', 'table']) {
    const value = text(thrown, name) || text(read(thrown, 'driverError'), name);
    if (value) details[name] = safeCut(value, 256);
  }
  const kind = text(thrown, 'name') || 'Error';
  const raw = messageOf(thrown);
  const message = withoutInput(raw, kind, details['code']);
  const written = text(thrown, 'stack');
  const named = written.includes(text(thrown, 'message') || raw) ? written : `${kind}: ${raw}\n${written}`;
  const stack = message === raw ? named : named.replaceAll(raw, () => message);
  return { kind, message: safeCut(message, MESSAGE_LIMIT), stack: safeCut(stack.trimEnd() || kind, STACK_LIMIT), details };
}

/** PostgreSQL's data exceptions quote the value, its syntax errors the literal. What they quote may have quotes inside. */
const QUOTES_VALUES = /^(22[0-9A-Z]{3}|42601)$/;

/** Without the input that a message quotes: JSON.parse shows a piece of a body, TypeORM what it looked for. */
function withoutInput(message: string, kind: string, code: string | undefined): string {
  if (message.endsWith(' is not valid JSON'))
    return message.replace(/(?:\.\.\.)?"[^]*"(?:\.\.\.)? is not valid JSON$/, 'the text is not valid JSON');
  if (kind === 'EntityNotFoundError') return message.replace(/ matching: [^]*$/, '');
  return code !== undefined && QUOTES_VALUES.test(code) ? message.replace(/"[^]*"/, '"…"') : message;
}

/** Node gives an AggregateError of refused connections no message of its own. */
function messageOf(error: object): string {
  const own = text(error, 'message');
  if (own) return own;
  const errors = read(error, 'errors');
  return Array.isArray(errors) ? [...new Set(errors.map((each) => text(each, 'message')))].filter(Boolean).join('; ') : '';
}

function causeOf(thrown: unknown): unknown {
  return read(thrown, 'cause');
}

function printed(value: unknown): string {
  try {
    return String(value);
  } catch {
    return '[unreadable]'; // a function whose toString throws
  }
}

function read(owner: unknown, key: string): unknown {
  if (typeof owner !== 'object' || owner === null) return undefined;
  try {
    return (owner as Record<string, unknown>)[key];
  } catch {
    return undefined; // a getter that throws has nothing to say
  }
}

function text(owner: unknown, key: string): string {
  const value = read(owner, key);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
