import { Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, loadSettings, SettingsError } from '@pikaia/core';
import { DatabaseCheck, DatabaseModule, DatabaseSettings } from '@pikaia/database';
import { QueueConsumer, QueueModule, type QueueAnswer, type QueueBatch } from '@pikaia/events';
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
import { pausesAt } from './queue.pauses.js';
import { readSecrets } from './secrets.js';

export interface ConsumerLambdaOptions<Settings extends object> {
  readonly consumer: Type;
  /** What it needs beside the database's and logging's. */
  readonly settings: new () => Settings;
  /** The modules that provide it, as a worker imports them. */
  readonly imports: (settings: Settings) => readonly DynamicModule[];
}

/** Of Lambda's context, what is used. */
interface Execution {
  getRemainingTimeInMillis(): number;
}

export type ConsumerHandler = (batch: QueueBatch, execution?: Execution) => Promise<QueueAnswer>;

const logger = getLogger('lambda');
const LOGIN_REFUSED = /^28/; // class of SQLSTATEs
const CHECK_LIMIT_MS = 1_000; // within the margin that a batch leaves of its execution

/**
 * The handler of a Lambda behind an SQS queue, started while Lambda initialises. A start that failed, as while the
 * database is away, is logged and tried again with each execution, whose batch comes back whole. When the database refuses
 * the login, as after a rotation of the password, the next execution starts anew and reads the secrets again.
 */
export async function consumerLambda<Settings extends object>(
  options: ConsumerLambdaOptions<Settings>,
): Promise<ConsumerHandler> {
  handleProcessFaults();
  let app = await startOrLog(options);
  return async (batch, execution) => {
    try {
      app ??= await startOrLog(options);
      if (!app) throw new Error('The consumer did not start: its log says why.');
      const answer = await app.get(QueueConsumer).take(batch, () => execution?.getRemainingTimeInMillis() ?? Infinity);
      if (answer.batchItemFailures.length && (await isLoginRefused(app))) {
        logger.warning('database_login_refused');
        await app.close();
        app = undefined;
      }
      return answer;
    } finally {
      flushLogs(); // and metrics: Lambda freezes the process when the answer is out
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
  const [logging, own] = loadSettings([LoggingSettings, ConsumerSettings], process.env);
  configureLogging({ ...loggingOptions(logging), service: CONSUMER_METRICS_SERVICE });
  const environment = { ...process.env, ...(await readSecrets(own)) };
  const [database, needed] = loadSettings([DatabaseSettings, settings], environment);
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings: database, applicationName: 'pikaia-consumers' }),
      ...imports(needed),
      QueueModule.forRoot({ consumer, ...(own.queueUrl !== undefined && { setPauses: pausesAt(own.queueUrl) }) }),
    ],
  })
  class LambdaModule {}
  return NestFactory.createApplicationContext(LambdaModule, { abortOnError: false, logger: nestLogger() });
}

async function isLoginRefused(app: INestApplicationContext): Promise<boolean> {
  try {
    await app.get(DatabaseCheck).run(CHECK_LIMIT_MS);
    return false;
  } catch (error) {
    return LOGIN_REFUSED.test(String((error as { code?: unknown }).code));
  }
}
