import type { DynamicModule } from '@nestjs/common';
import * as nestjsPino from 'nestjs-pino';
import { ContextPinoLogger } from './context-pino-logger.js';
import { nestLogger } from './nest-logger.js';
import { pinoBridge } from './pino-bridge.js';

type NestjsPino = typeof nestjsPino;

const params: nestjsPino.Params = { pinoHttp: { logger: pinoBridge, autoLogging: false }, forRoutes: [] };

/**
 * Returns the modules of nestjs-pino with loggers that know the context and read the arguments of Nest. nestjs-pino has one build for
 * `require` and one for `import`. An application injects the classes of the build that it loads, so each build needs its module.
 */
export const pinoModules = (): (DynamicModule | Promise<DynamicModule>)[] => [pinoModule(nestjsPino), moduleOfImport()];

class NoOtherBuild {}

async function moduleOfImport(): Promise<DynamicModule> {
  // Jest without --experimental-vm-modules has no import(), so the application cannot have loaded that build either.
  const imported = await import('nestjs-pino').catch(() => nestjsPino);
  return imported.PinoLogger === nestjsPino.PinoLogger ? { module: NoOtherBuild } : pinoModule(imported as NestjsPino);
}

function pinoModule({ Logger, LoggerModule, NativeLogger, PinoLogger }: NestjsPino): DynamicModule {
  const { providers = [], ...module } = LoggerModule.forRoot(params);
  return {
    ...module,
    providers: [
      ...providers,
      { provide: PinoLogger, useClass: ContextPinoLogger },
      { provide: Logger, useFactory: nestLogger },
      { provide: NativeLogger, useFactory: nestLogger },
    ],
  };
}
