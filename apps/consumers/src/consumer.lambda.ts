import { Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, loadSettings, SettingsError } from '@pikaia/core';
import { DatabaseCheck, DatabaseModule, DatabaseSettings } from '@pikaia/database';
import { QueueConsumer, QueueModule, type QueueBatch, type QueueBatchResponse } from '@pikaia/events';
import { CONSUMER_METRICS_SERVICE } from '@pikaia/events/metrics';
import {
  configureLogging,
  flushLogs,
  getLogger,
  handleProcessFaults,
  loggingOptions,
  LoggingSettings,
  nestLogger,
} from '@pikaia/logging';
import { ClsModule } from 'nestjs-cls';
import { ConsumerSettings } from './consumer.settings.js';
import { createVisibilitySetter } from './visibility-timeout.js';
import { readSecrets } from './secrets.js';

export interface ConsumerLambdaOptions<Settings extends object> {
  readonly consumer: Type;
  /** Settings of the consumer, besides those of the database and of logging. */
  readonly settings: new () => Settings;
  /** The modules that provide the consumer, as in a worker. */
  readonly imports: (settings: Settings) => readonly DynamicModule[];
}

/** The part of the Lambda context that the handler uses. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export type ConsumerHandler = (batch: QueueBatch, lambdaContext?: LambdaContext) => Promise<QueueBatchResponse>;

const logger = getLogger('lambda');
const LOGIN_REFUSED_SQLSTATE = /^28/; // SQLSTATE class 28, invalid authorization specification
const DATABASE_CHECK_TIMEOUT_MS = 1_000; // within the time that a batch reserves at the end of the invocation

/**
 * Creates the handler of a Lambda that reads an SQS queue. The application starts while Lambda initializes.
 *
 * If the start fails, for example because the database is unreachable, the failure is logged and each invocation tries again.
 * Until a start succeeds, the invocation fails and SQS redelivers the whole batch. If the database refuses the login, for
 * example after a password rotation, the next invocation starts a new application and reads the secrets again.
 */
export async function consumerLambda<Settings extends object>(
  options: ConsumerLambdaOptions<Settings>,
): Promise<ConsumerHandler> {
  handleProcessFaults();
  let app = await startOrLog(options);
  return async (batch, lambdaContext) => {
    try {
      app ??= await startOrLog(options);
      if (!app) throw new Error('The consumer did not start. See the log entry startup_failed.');
      const response = await app
        .get(QueueConsumer)
        .handleBatch(batch, () => lambdaContext?.getRemainingTimeInMillis() ?? Infinity);
      if (response.batchItemFailures.length && (await isLoginRefused(app))) {
        logger.warning('database_login_refused');
        await app.close();
        app = undefined;
      }
      return response;
    } finally {
      flushLogs(); // logs and metrics: Lambda freezes the process after the response
    }
  };
}

async function startOrLog<Settings extends object>(
  options: ConsumerLambdaOptions<Settings>,
): Promise<INestApplicationContext | undefined> {
  try {
    return await context.run({}, () => start(options));
  } catch (error) {
    logger.exception('startup_failed', error, error instanceof SettingsError ? { problems: error.problems } : {});
    flushLogs();
    return undefined;
  }
}

async function start<Settings extends object>({
  consumer,
  settings,
  imports,
}: ConsumerLambdaOptions<Settings>): Promise<INestApplicationContext> {
  const [logging, consumerSettings] = loadSettings([LoggingSettings, ConsumerSettings], process.env);
  configureLogging({ ...loggingOptions(logging), service: CONSUMER_METRICS_SERVICE });
  const environment = { ...process.env, ...(await readSecrets(consumerSettings)) };
  const [database, ownSettings] = loadSettings([DatabaseSettings, settings], environment);
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings: database, applicationName: 'pikaia-consumers' }),
      ...imports(ownSettings),
      QueueModule.forRoot({
        consumer,
        ...(consumerSettings.queueUrl !== undefined && {
          setRedeliveryDelays: createVisibilitySetter(consumerSettings.queueUrl),
        }),
      }),
    ],
  })
  class LambdaModule {}
  return NestFactory.createApplicationContext(LambdaModule, { abortOnError: false, logger: nestLogger() });
}

async function isLoginRefused(app: INestApplicationContext): Promise<boolean> {
  try {
    await app.get(DatabaseCheck).run(DATABASE_CHECK_TIMEOUT_MS);
    return false;
  } catch (error) {
    return LOGIN_REFUSED_SQLSTATE.test(String((error as { code?: unknown }).code));
  }
}
