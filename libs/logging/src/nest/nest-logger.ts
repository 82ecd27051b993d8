import type { LoggerService } from '@nestjs/common';
import { context } from '@pikaia/core';
import { isWrittenOrKept, writeLine } from '../output/log-output.js';
import { startupFailure } from '../process/startup-failure.js';
import { copyFields } from '../record/copy-fields.js';
import type { LogFields } from '../record/log-fields.js';
import type { LogLevel } from '../record/log-level.js';
import { isError } from '../record/thrown-value.js';
import { formatMessage } from './format-message.js';

/** The logger name under which Nest reports a failed start. Under runService, that record would duplicate `startup_failed`. */
const EXCEPTION_HANDLER = 'ExceptionHandler';

/** The logger names under which Nest passes a thrown value as the message: of a failed start, HTTP, RPC and WebSockets. */
const THROWN_VALUE_CONTEXTS = new Set([EXCEPTION_HANDLER, 'ExceptionsHandler', 'RpcExceptionsHandler', 'WsExceptionsHandler']);

/** The logger names under which Nest writes about forty lines at startup. They are demoted from INFO to DEBUG. */
const STARTUP_CONTEXTS = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

const STACK = /\n[ \t]+at .+:\d+:\d+/;
const STACK_HEADER = /^(?:Uncaught )?([A-Za-z_$][\w$.]*)(?: \[\w+\])?(?:: ([^]*?))?\n[ \t]+at /;

export interface NestMessage {
  readonly level: LogLevel;
  /** The name of Nest's logger, the `context` of its calls. */
  readonly name: unknown;
  readonly message?: unknown;
  readonly fields?: LogFields | undefined;
  readonly inherited?: LogFields;
  readonly thrown?: readonly [unknown] | undefined;
}

/** Writes a message of Nest, or of a package that uses its logger, as a record `nest_message`. */
export function writeNestMessage({ level: given, name, message, fields, inherited, thrown }: NestMessage): void {
  const startFailed = name === EXCEPTION_HANDLER && (given === 'error' || given === 'critical');
  if (startFailed && startupFailure.isLoggedByRunService) return;
  const isStartup = given === 'info' && STARTUP_CONTEXTS.has(String(name));
  writeLine({
    level: startFailed ? 'critical' : isStartup ? 'debug' : given,
    logger: typeof name === 'string' && name ? name : 'nest',
    event: 'nest_message',
    scope: context.scope,
    inherited,
    message,
    fields,
    thrown,
  });
}

/**
 * Nest's logger. It reads the arguments as Nest's ConsoleLogger does: a trailing text is the name of the logger, a stack before
 * or after it belongs to the error, plain objects after the message are fields, and further messages are records of their own.
 * An error among the messages belongs to the first record. Unlike ConsoleLogger, it replaces placeholders such as `%s`, and an
 * object before a text holds the fields of that text, both as nestjs-pino does. Never throws.
 */
class NestLogger implements LoggerService {
  log(...args: unknown[]): void {
    write('info', args);
  }

  error(...args: unknown[]): void {
    write('error', args, true);
  }

  warn(...args: unknown[]): void {
    write('warning', args);
  }

  debug(...args: unknown[]): void {
    write('debug', args);
  }

  verbose(...args: unknown[]): void {
    write('debug', args);
  }

  fatal(...args: unknown[]): void {
    write('critical', args, true);
  }
}

/** Returns a logger for `NestFactory.create(…, { logger: nestLogger() })` that turns all messages of Nest into log records. */
export const nestLogger = (): LoggerService => new NestLogger();

function write(level: LogLevel, args: readonly unknown[], takesStack = false): void {
  if (!isWrittenOrKept(level)) return;
  const { name, messages, fields, stack } = readArguments(args, takesStack);
  const [only] = messages;
  if (takesStack && stack === undefined && messages.length === 1 && THROWN_VALUE_CONTEXTS.has(String(name))) {
    return writeNestMessage({ level, name, fields, thrown: [only] });
  }
  const errorAt = messages.findIndex(isError);
  const firstError = errorAt >= 0 ? messages[errorAt] : stack ? stackError(stack, only) : undefined;
  const written = errorAt > 0 ? messages.filter((_, index) => index !== errorAt) : messages;
  written.forEach((given, index) => {
    const { message, fields: { err, ...others } = {} as LogFields } = isError(given)
      ? { message: index === 0 && stack && !isStack(stack) ? stack : undefined, fields }
      : readMessage(given, fields);
    const error = isError(given) ? given : ((index === 0 ? firstError : undefined) ?? err);
    writeNestMessage({ level, name, message, fields: others, ...(error !== undefined && { thrown: [error] }) });
  });
}

/** Separates the arguments of a call. The order of the steps is that of ConsoleLogger. */
function readArguments(args: readonly unknown[], takesStack: boolean) {
  const rest = [...args];
  let stack: string | undefined;
  if (takesStack && rest.length > 1) {
    if (isStack(rest.at(-1))) stack = rest.pop() as string;
    else if (rest.length === 2 && rest[1] === undefined) rest.pop();
  }
  const name = rest.length > 1 && typeof rest.at(-1) === 'string' ? rest.pop() : undefined;
  const before = rest.length > 1 && isPlainObject(rest[0]) && typeof rest[1] === 'string' ? [rest.shift()] : [];
  if (typeof rest[0] === 'string') {
    const { text, rest: unused } = formatMessage(rest[0], rest.slice(1));
    rest.splice(0, rest.length, text, ...unused);
  }
  const [first, ...following] = rest;
  const messages = [first, ...following.filter((each) => !isPlainObject(each))];
  const objects = [...before, ...following.filter(isPlainObject)] as object[];
  if (takesStack && stack === undefined && args.length > 2 && messages.length > 1) {
    const last = messages.at(-1);
    if (typeof last === 'string') stack = last;
    if (typeof last === 'string' || last === undefined) messages.pop();
  }
  const fields = objects.length ? (Object.assign({}, ...objects.map(copyFields)) as LogFields) : undefined;
  return { name, messages: messages.filter((each, index) => index === 0 || each !== undefined), fields, stack };
}

/** Returns a message and its fields. The entries of a plain object are fields, and its text `message` is the message. */
function readMessage(given: unknown, fields?: LogFields): { readonly message?: unknown; readonly fields?: LogFields } {
  const message = typeof given === 'function' ? functionText(given) : given;
  if (message === undefined) return { message: 'undefined', ...(fields && { fields }) };
  if (!isPlainObject(message)) return { message, ...(fields && { fields }) };
  const { message: text, ...others } = copyFields(message);
  return typeof text === 'string'
    ? { message: text, fields: { ...others, ...fields } }
    : { fields: { ...copyFields(message), ...fields } };
}

/** Returns the name of a class, or the result of a function: Nest calls it only for an enabled level. */
function functionText(given: Function): unknown {
  try {
    if (Function.prototype.toString.call(given).startsWith('class ')) return given.name;
    const message: unknown = given();
    return typeof message === 'function' ? `[function ${message.name}]` : message;
  } catch {
    return '[unreadable]';
  }
}

/** Returns an error of which only the stack, or a text in its place, is known. */
function stackError(stack: string, message: unknown): Error {
  const [, name = 'Error', text] = STACK_HEADER.exec(stack) ?? [];
  if (!STACK.test(stack)) return Object.assign(new Error(stack), { stack: undefined });
  return Object.assign(new Error(text ?? (typeof message === 'string' ? message : '')), { name, stack });
}

const isStack = (value: unknown): boolean => typeof value === 'string' && STACK.test(value);

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
  } catch {
    return false; // a proxy that throws
  }
}
