import { describeSettings } from '@pikaia/core';
import type { DeployedConsumer } from '@pikaia/reactions';
import { Duration, Stack } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Rule, type EventBus } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DATABASE_NAME, DATABASE_PORT, type DataStack } from '../data/data.stack.ts';
import type { Secrets } from '../data/secrets.ts';
import { LogStore } from '../logs/log-store.ts';
import type { NetworkStack } from '../network/network.stack.ts';
import { functionRole } from '../permissions/function-role.ts';
import { mayReadSecrets, maySendMail } from '../permissions/grants.ts';
import { mailEnvironmentOf } from '../settings/mail-environment.ts';
import { architectureOf } from '../settings/architecture.ts';
import { NODE_ENVIRONMENT } from '../settings/node-environment.ts';
import { DEAD_LETTER_DAYS, VISIBILITY_FACTOR } from '../settings/queue-times.ts';
import type { Settings } from '../settings/settings.ts';
import { bundleOf } from './bundle.ts';
import { patternOf } from './event-pattern.ts';

const CA_FILE = '/var/runtime/ca-cert.pem'; // certificates of Amazon, including those of RDS, in the Lambda runtime

export interface ConsumerPathOptions {
  readonly consumer: DeployedConsumer;
  readonly settings: Settings;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly secrets: Secrets;
  readonly bus: EventBus;
}

/** The rule, the queue, the dead-letter queue and the function of one consumer. */
export class ConsumerPath extends Construct {
  readonly name: string;
  /** The plain name, because the Ref of a rule has the bus as a prefix, which metric dimensions do not have. */
  readonly ruleName: string;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly logs: LogStore;

  constructor(scope: Construct, id: string, options: ConsumerPathOptions) {
    super(scope, id);
    const { consumer, settings, network, bus } = options;
    this.name = consumer.name;
    const { queueDays, maxReceives, timeoutSeconds } = settings.events;
    // Not the key alias/aws/sqs, whose policy does not allow EventBridge to send: the events of the rule would be lost silently.
    const queue = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...queue,
      queueName: `pikaia-${consumer.name}-dead-letters`,
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
    });
    this.queue = new Queue(this, 'Queue', {
      ...queue,
      retentionPeriod: Duration.days(queueDays),
      queueName: `pikaia-${consumer.name}`,
      visibilityTimeout: Duration.seconds(timeoutSeconds * VISIBILITY_FACTOR),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: maxReceives },
    });
    this.ruleName = `pikaia-${consumer.name}`;
    new Rule(this, 'Rule', {
      ruleName: this.ruleName,
      description: `Events for ${consumer.name}`,
      eventBus: bus,
      eventPattern: patternOf(consumer),
      targets: [new SqsQueue(this.queue, { deadLetterQueue: this.deadLetters })],
    });
    this.logs = new LogStore(this, 'Logs', {
      name: `/pikaia/consumers/${consumer.name}`,
      days: settings.logs.days,
      key: network.telemetryKey,
      holdsRecords: true,
    });
    this.addFunction(options);
  }

  private addFunction({ consumer, settings, network, data, secrets }: ConsumerPathOptions): void {
    const { memory, timeoutSeconds, batch, concurrency, bundles } = settings.events;
    // The settings class of the consumer says which variables, secrets and permissions the function needs.
    const read = new Set(describeSettings(consumer.settings).map(({ variable }) => variable));
    const mail = Object.entries(mailEnvironmentOf(settings.services)).filter(([variable]) => read.has(variable));
    const { worker } = secrets;
    const invitation = read.has('INVITATION_SECRET') ? secrets.invitation : undefined;
    const functionName = `pikaia-${consumer.name}`;
    const role = functionRole(this, 'Role', { logs: this.logs.group, inVpc: functionName });
    const handler = new Function(this, 'Function', {
      functionName,
      role,
      description: `Handles events for ${consumer.name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: architectureOf(settings).lambda,
      code: Code.fromAsset(bundleOf(consumer.name, bundles)),
      handler: 'index.handler',
      memorySize: memory,
      timeout: Duration.seconds(timeoutSeconds),
      logGroup: this.logs.group,
      loggingFormat: LoggingFormat.TEXT, // the lines are JSON already, and the JSON format of Lambda would wrap them
      vpc: network.vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [network.securityGroups.consumers],
      environment: {
        NODE_ENV: NODE_ENVIRONMENT,
        NODE_OPTIONS: '--enable-source-maps',
        LOG_LEVEL: settings.logs.level,
        ...Object.fromEntries(mail),
        DATABASE_HOST: data.cluster.clusterEndpoint.hostname,
        DATABASE_PORT: String(DATABASE_PORT),
        DATABASE_NAME,
        DATABASE_TLS_CA_FILE: CA_FILE,
        DATABASE_POOL_SIZE: '1', // an execution handles the events of one batch sequentially
        // The function reads the secrets when it starts. Their values here would be visible in the template and the console.
        QUEUE_URL: this.queue.queueUrl,
        DATABASE_SECRET_ARN: worker.secretArn,
        ...(invitation && { INVITATION_SECRET_ARN: invitation.secretArn }),
      },
    });
    handler.addEventSource(
      new SqsEventSource(this.queue, { batchSize: batch, maxConcurrency: concurrency, reportBatchItemFailures: true }),
    );
    mayReadSecrets(handler, [worker, ...(invitation ? [invitation] : [])], secrets.key, Stack.of(this));
    if (read.has('MAIL_TRANSPORT')) maySendMail(handler, Stack.of(this), settings.services.mailDomain);
  }
}
