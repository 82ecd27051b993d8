import { context } from '@pikaia/core';
import { isWrittenOrKept, writeLine } from './output/log-output.js';
import type { EventName } from './record/event-name.js';
import type { LogLevel } from './record/log-level.js';
import { copyFields } from './record/copy-fields.js';
import type { LogFields } from './record/log-fields.js';

/**
 * Writes a record. `event` is a literal in snake_case, which the compiler checks; variable parts belong in `fields`. Never
 * throws.
 */
export type LogCall = <const Name extends string>(event: Name & EventName<Name>, fields?: LogFields) => void;

export interface Logger {
  readonly debug: LogCall;
  readonly info: LogCall;
  readonly warning: LogCall;
  readonly error: LogCall;
  readonly critical: LogCall;
  /** Writes a record at ERROR with the error, its stack and its causes. `error` can be any thrown value. */
  exception<const Name extends string>(event: Name & EventName<Name>, error: unknown, fields?: LogFields): void;
  /** Returns a logger that adds `fields` to each of its records. Fields of a call take precedence. */
  child(fields: LogFields): Logger;
}

/**
 * Returns a logger for one part of the program; `name` becomes the field `logger`. It needs no injection and works before
 * Nest starts. Each record carries the context that is current when it is written: trace id, user, organization, request.
 */
export function getLogger(name: string): Logger {
  return new ContextLogger(name);
}

class ContextLogger implements Logger {
  constructor(
    private readonly name: string,
    private readonly inherited?: LogFields,
  ) {}

  debug(event: string, fields?: LogFields): void {
    this.write('debug', event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.write('info', event, fields);
  }

  warning(event: string, fields?: LogFields): void {
    this.write('warning', event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.write('error', event, fields);
  }

  critical(event: string, fields?: LogFields): void {
    this.write('critical', event, fields);
  }

  exception(event: string, error: unknown, fields?: LogFields): void {
    this.write('error', event, fields, [error]);
  }

  child(fields: LogFields): Logger {
    return new ContextLogger(this.name, { ...this.inherited, ...copyFields(fields) });
  }

  private write(level: LogLevel, event: string, fields?: LogFields, thrown?: readonly [unknown]): void {
    if (!isWrittenOrKept(level)) return;
    const { name: logger, inherited } = this;
    writeLine({ level, logger, event, scope: context.scope, inherited, fields, thrown });
  }
}
