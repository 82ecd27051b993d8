import { format } from 'node:util';
import { context } from '@pikaia/core';
import { flushLogs, writeLine } from '../output/log-output.js';
import { isError } from '../record/thrown-value.js';
import { describeThrown, newBudget, valueText } from '../record/value-text.js';
import { recordOutput } from './record-output.js';

const CONSOLE_LEVELS = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warning',
  error: 'error',
} as const;

type ConsoleLevel = (typeof CONSOLE_LEVELS)[keyof typeof CONSOLE_LEVELS];

/**
 * Turns all other output of the process into log records. Call it once, at the top of main.ts; runService calls it.
 *
 * - `process_crashed`: an uncaught error or rejection, with the context in which it occurred. The process exits with code 1.
 * - `process_warning`: a warning of Node.
 * - `console_message`: output of `console`, or text written to stdout (INFO) or stderr (WARNING).
 */
export function handleProcessFaults(): void {
  process.on('uncaughtException', (error) => crash(error, 'uncaughtException'));
  process.on('unhandledRejection', (reason) => crash(reason, 'unhandledRejection'));
  for (const listener of process.listeners('warning')) if (listener.name === 'onWarning') process.off('warning', listener);
  process.on('warning', (warning) =>
    writeLine({ level: 'warning', logger: 'process', event: 'process_warning', scope: context.scope, thrown: [warning] }),
  );
  for (const [method, level] of Object.entries(CONSOLE_LEVELS) as [keyof typeof CONSOLE_LEVELS, ConsoleLevel][]) {
    console[method] = (...args: unknown[]) => writeConsoleMessage(level, consoleText(args));
  }
  const flushPartialLines = [
    recordOutput(process.stdout, (line) => writeConsoleMessage('info', line)),
    recordOutput(process.stderr, (line) => writeConsoleMessage('warning', line)),
  ];
  process.on('exit', () => {
    for (const flushPartialLine of flushPartialLines) flushPartialLine();
    flushLogs();
  });
}

function crash(error: unknown, origin: 'uncaughtException' | 'unhandledRejection'): never {
  writeLine({
    level: 'critical',
    logger: 'process',
    event: 'process_crashed',
    scope: context.scope,
    fields: { origin },
    thrown: [error],
  });
  flushLogs();
  process.exit(1);
}

const MAX_OBJECT_CHARS = 2_048; // UTF-16 units

/** Formats the arguments of a console call as console does, with secrets redacted and without row values in database errors. */
function consoleText(args: readonly unknown[]): string {
  const shown = args.map((value) => {
    if (isError(value)) return describeThrown(value).chain;
    return typeof value === 'object' && value !== null ? valueText(value, newBudget(MAX_OBJECT_CHARS)) : value;
  });
  return typeof args[0] === 'string' || !args.length ? format(...shown) : format('%s', ...shown);
}

function writeConsoleMessage(level: ConsoleLevel, message: string): void {
  writeLine({ level, logger: 'console', event: 'console_message', scope: context.scope, message });
}
