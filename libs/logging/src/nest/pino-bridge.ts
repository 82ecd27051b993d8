import { context } from '@pikaia/core';
import { pino, type Logger } from 'pino';
import { writeLine } from '../output/log-output.js';
import { startupFailure } from '../process/startup-failure.js';
import { copyFields } from '../record/copy-fields.js';
import type { LogLevel } from '../record/log-level.js';

/** The logger name under which Nest reports a failed start. Under runService, that record would duplicate `startup_failed`. */
const EXCEPTION_HANDLER = 'ExceptionHandler';

/** The logger names under which Nest writes about forty lines at startup. They are demoted from INFO to DEBUG. */
const STARTUP_CONTEXTS = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * A pino logger that turns each call into a log record `nest_message` with the text as the field `message`. pino itself
 * writes nothing. Pass it to nestjs-pino, or to any library that accepts a pino logger, so that all lines have one format.
 * Unlike pino, it never replaces `%s` in the text and never writes a key twice.
 */
export const pinoBridge: Logger = pino(
  {
    level: 'trace', // the level of configureLogging decides
    base: null,
    timestamp: false,
    hooks: {
      logMethod(args, _method, level) {
        const given: unknown[] = args;
        const [first, ...rest] = given;
        const hasObject = typeof first === 'object' && first !== null;
        const { context: name, err, ...fields } = hasObject && !(first instanceof Error) ? copyFields(first) : {};
        const startFailed = name === EXCEPTION_HANDLER && level >= 50;
        if (startFailed && startupFailure.isLoggedByRunService) return;
        const [message, ...others] = hasObject ? rest : given;
        const thrown = first instanceof Error ? first : err;
        writeLine({
          level: startFailed ? 'critical' : level === 30 && STARTUP_CONTEXTS.has(String(name)) ? 'debug' : levelOf(level),
          logger: typeof name === 'string' && name ? name : 'nest',
          event: 'nest_message',
          scope: context.scope,
          inherited: this.bindings(),
          message,
          fields: { ...(others.length > 0 && { details: others }), ...fields },
          ...(thrown !== undefined && { thrown: [thrown] }),
        });
      },
    },
  },
  { write: () => undefined },
);

function levelOf(pinoLevel: number): LogLevel {
  if (pinoLevel >= 60) return 'critical';
  if (pinoLevel >= 50) return 'error';
  if (pinoLevel >= 40) return 'warning';
  return pinoLevel >= 30 ? 'info' : 'debug';
}
