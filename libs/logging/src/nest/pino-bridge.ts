import { pino, type Logger } from 'pino';
import type { LogLevel } from '../record/log-level.js';
import { isError } from '../record/thrown-value.js';
import { formatMessage } from './format-message.js';
import { writeNestMessage } from './nest-logger.js';
import { applyChildOptions, pinoFields, reduceHttpFields } from './pino-fields.js';

/**
 * A pino logger that turns each call into a log record `nest_message` with the text as the field `message`. pino itself
 * writes nothing. Pass it to any library that accepts a pino logger, so that all lines have one format. Unlike pino, it never
 * writes a key twice and never drops an argument: what no placeholder has used is the field `details`, or the error. It applies
 * the serializers and the redaction of child loggers to the fields of a call. A `req` becomes its method and path, a `res` its
 * status.
 */
export const pinoBridge: Logger = pino(
  {
    level: 'trace', // the level of configureLogging decides
    base: null,
    timestamp: false,
    hooks: {
      logMethod(args, _method, level) {
        const given: unknown[] = args;
        const [first, ...following] = given;
        const hasObject = typeof first === 'object' && first !== null;
        const read = pinoFields(first);
        const { err, ...fields } = read ?? {};
        const inherited = this.bindings();
        applyChildOptions(this, fields);
        reduceHttpFields(fields);
        reduceHttpFields(inherited);
        const { context: name } = fields;
        if (typeof name === 'string') delete fields['context'];
        const texts = hasObject || ((first === null || first === undefined) && given.length > 1) ? following : given;
        const { message, rest } = readText(texts, this.msgPrefix);
        const error = isError(first) ? first : (err ?? rest.find(isError));
        const details = [...(hasObject && !read && first !== error ? [first] : []), ...rest.filter((each) => each !== error)];
        if (details.length > 0) fields['details' in fields ? 'extra.details' : 'details'] = details;
        writeNestMessage({
          level: levelOf(level),
          name,
          inherited,
          message,
          fields,
          ...(error !== undefined && { thrown: [error] }),
        });
      },
    },
  },
  { write: () => undefined },
);

function readText([message, ...args]: readonly unknown[], prefix = ''): { message: unknown; rest: readonly unknown[] } {
  if (typeof message !== 'string') return { message, rest: args };
  const { text, rest } = formatMessage(prefix + message, args);
  return { message: text, rest };
}

function levelOf(pinoLevel: number): LogLevel {
  if (pinoLevel >= 60) return 'critical';
  if (pinoLevel >= 50) return 'error';
  if (pinoLevel >= 40) return 'warning';
  return pinoLevel >= 30 ? 'info' : 'debug';
}
