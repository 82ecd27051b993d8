import { NestFactory } from '@nestjs/core';
import { type PassOptions, type PassResult, RelayService } from '@pikaia/events';
import { loadWorkerModule } from './load-worker-module.js';

/** Runs one bounded pass of the relays, without health checks, and releases everything. Webhooks that are due are sent meanwhile. */
export async function runWorkerOnce(environment: NodeJS.ProcessEnv, options: PassOptions): Promise<PassResult> {
  const { application } = loadWorkerModule(environment, { autoStart: false });
  const app = await NestFactory.createApplicationContext(application, { abortOnError: false });
  app.enableShutdownHooks(); // a signal ends the pass early
  try {
    return await app.get(RelayService).runOnce(options);
  } finally {
    await app.close();
  }
}
