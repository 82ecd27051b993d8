import { NestFactory } from '@nestjs/core';
import { context, loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import {
  configureLogging,
  getLogger,
  handleProcessFaults,
  loggingOptions,
  LoggingSettings,
  logStartupFailure,
  nestLogger,
} from '@pikaia/logging';
import { readFirstOrganization, USAGE } from './first-organization/first-organization.arguments.js';
import { FirstOrganizationModule } from './first-organization/first-organization.module.js';
import { FirstOrganization } from './first-organization/first-organization.service.js';

/** Command that creates the first organization of a new system, with the database role of the api. It is safe to run again. */
if (process.argv.includes('--help')) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
handleProcessFaults();
await context
  .run({ actor: { type: 'system', id: 'first-organization' } }, async () => {
    const request = readFirstOrganization(process.argv.slice(2));
    const [database, logging] = loadSettings([DatabaseSettings, LoggingSettings], process.env);
    configureLogging({ ...loggingOptions(logging), service: 'pikaia-first-organization' });
    const app = await NestFactory.createApplicationContext(FirstOrganizationModule.forRoot(database), {
      abortOnError: false,
      logger: nestLogger(),
    });
    try {
      const made = await app.get(FirstOrganization).ensure(request);
      getLogger('first_organization').info('first_organization_ready', { slug: request.slug, made });
    } finally {
      await app.close();
    }
  })
  .catch(logStartupFailure);
