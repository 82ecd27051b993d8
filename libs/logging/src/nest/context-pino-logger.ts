import { Inject, Injectable, Scope } from '@nestjs/common';
import { context } from '@pikaia/core';
import { PARAMS_PROVIDER_TOKEN, PinoLogger, type Params, type RunInContextOptions } from 'nestjs-pino';
import { assignFields } from '../record/context-text.js';

/**
 * The PinoLogger of nestjs-pino, whose middleware is not installed. `assign` adds its fields to the later lines of the current
 * request, event or command, whichever logger writes them, and to the access line of the request.
 */
@Injectable({ scope: Scope.TRANSIENT })
export class ContextPinoLogger extends PinoLogger {
  constructor(@Inject(PARAMS_PROVIDER_TOKEN) params: Params) {
    super(params);
  }

  /** Outside a context it throws, as nestjs-pino does. Inside `runInContext`, the fields stay in that context. */
  override assign(fields: Parameters<PinoLogger['assign']>[0]): void {
    const { scope } = context;
    if (!scope || this.logger !== PinoLogger.root) super.assign(fields);
    else assignFields(scope, fields);
  }

  override runInContext<T>(work: () => T, options: RunInContextOptions = {}): T {
    return super.runInContext(work, { bindings: {}, ...options }); // with bindings it has its own logger, not the root
  }
}
