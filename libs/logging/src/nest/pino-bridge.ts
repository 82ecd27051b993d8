import { context } from '@pikaia/core';
import { pino, type Logger } from 'pino';
import { writeLine } from '../output/log-output.js';
import { startupFailure } from '../process/startup-failure.js';
import { copyFields } from '../record/copy-fields.js';
import type { LogLevel } from '../record/log-level.js';

/** What Nest says when a start fails. Under runService this would be the second line about it; elsewhere the process ends after it. */
const EXCEPTION_HANDLER = 'ExceptionHandler';

/** What Nest tells of its own start, forty lines of it: for those who look for it, at DEBUG. */
const STARTUP_CONTEXTS = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * A pino logger that writes nothing by itself: each call becomes one of our records, `nest_message`, with the text as a
 * field. So nestjs-pino, and whatever else takes a pino logger, ends in the same lines with the same rules. The text is
 * never a format: pino would interpolate `%s` and print keys twice.
 */
export const pinoBridge: Logger = pino(
  {
    level: 'trace', // ours decides
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
