import { IncomingMessage, ServerResponse } from 'node:http';
import { pino, type Logger } from 'pino';
import { copyFields } from '../record/copy-fields.js';
import { isError } from '../record/thrown-value.js';

type Fields = Record<string, unknown>;
type Convert = (value: unknown) => unknown;

interface ChildOptions {
  readonly [pino.symbols.serializersSym]: Readonly<Record<string, Convert>>;
  /** Set if the logger or one above it has the option `redact`. */
  readonly redact?: unknown;
  /** For the first part of each path of `redact`: a function that returns the redacted value as JSON. */
  readonly [pino.symbols.stringifiersSym]: Readonly<Record<string | symbol, (value: unknown) => string | undefined>>;
}

/**
 * Returns the fields of a call's first argument, or undefined if the argument has no fields: a text, an error, a list, a Map, a
 * Date. A request or response is the field `req` or `res`.
 */
export function pinoFields(first: unknown): Fields | undefined {
  if (typeof first !== 'object' || first === null || isError(first)) return undefined;
  try {
    if (first instanceof IncomingMessage) return { req: first };
    if (first instanceof ServerResponse) return { res: first };
    if (Object.prototype.toString.call(first) !== '[object Object]') return undefined;
  } catch {
    // a proxy that throws; copyFields can read it
  }
  return copyFields(first);
}

/** Applies the serializers and the redaction of a child logger to the fields of a call. The library itself describes `err`. */
export function applyChildOptions(logger: Logger, fields: Fields): void {
  const { [pino.symbols.serializersSym]: serializers, [pino.symbols.stringifiersSym]: redactors, redact } = childOptions(logger);
  for (const key in serializers) {
    if (key !== 'err' && key in fields) convert(fields, key, serializers[key]!);
  }
  if (redact === undefined) return;
  for (const key of Object.keys(fields)) {
    const redactor = redactors[key] ?? redactors[pino.symbols.wildcardFirstSym];
    if (redactor) convert(fields, key, (value) => parseJson(redactor(value)));
  }
}

const childOptions = (logger: Logger): ChildOptions => logger as unknown as ChildOptions;

const parseJson = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));

function convert(fields: Fields, key: string, by: Convert): void {
  try {
    fields[key] = by(fields[key]);
  } catch {
    fields[key] = '[unreadable]'; // a serializer that throws must not fail the call
  }
}

/** Reduces `req` to its method and path, and `res` to its status. Their other parts hold query values, headers and bodies. */
export function reduceHttpFields(fields: Fields): void {
  if ('req' in fields) convert(fields, 'req', requestFacts);
  if ('res' in fields) convert(fields, 'res', responseFacts);
}

function requestFacts(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const { method, url } = given as { method?: unknown; url?: unknown };
  return typeof method === 'string' && typeof url === 'string' ? { method, url: url.split(/[?#]/, 1)[0] } : given;
}

function responseFacts(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const { statusCode } = given as { statusCode?: unknown };
  return typeof statusCode === 'number' ? { statusCode } : given;
}
