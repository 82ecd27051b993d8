import { consumersIn, type DeployedConsumer } from '@pikaia/reactions';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { LogStore } from '../logs/log-store.ts';
import { mayPublish } from '../permissions/grants.ts';
import { mailEnvironmentOf } from '../settings/mail-environment.ts';
import type { AppDependencies } from './app.dependencies.ts';
import { versionOf } from './image.ts';
import { databaseAs, databaseAt } from './process.environment.ts';
import { Task } from './task.ts';

const WORKER_PORT = 3001;

/** The outbox worker service. It has no load balancer. One task leads each sink and the others stand by. */
export class WorkerService extends Construct {
  readonly service: ecs.FargateService;
  readonly logs: LogStore;
  readonly task: Task;

  constructor(
    scope: Construct,
    id: string,
    { settings, network, data, secrets, events, consumers, cluster, image }: AppDependencies,
  ) {
    super(scope, id);
    const { services } = settings;
    const version = services.image === undefined ? undefined : versionOf(services.image);
    this.logs = new LogStore(this, 'Logs', {
      name: '/pikaia/outbox-worker',
      days: settings.logs.days,
      key: network.telemetryKey,
      holdsRecords: true,
    });
    this.task = new Task(this, 'Task', {
      settings,
      family: 'pikaia-outbox-worker',
      image,
      cpu: services.workerCpu,
      memory: services.workerMemory,
      command: ['node', 'apps/outbox-worker/dist/main.js'],
      logs: this.logs,
      port: WORKER_PORT,
      environment: {
        ...databaseAt(data.cluster.clusterEndpoint.hostname), // never the proxy, because leadership is a session lock
        WORKER_PORT: String(WORKER_PORT),
        ...(version !== undefined && { WORKER_VERSION: version }),
        LOG_LEVEL: settings.logs.level,
        ...(settings.logs.correlationHosts !== undefined && { LOG_CORRELATION_HOSTS: settings.logs.correlationHosts }),
        ...sinksOf(consumers),
        EVENT_BUS_NAME: events.bus.eventBusName,
        AWS_REGION: settings.general.region,
        ...mailEnvironmentOf(services),
      },
      key: secrets.key,
      secrets: {
        ...databaseAs(secrets.worker),
        INVITATION_SECRET: ecs.Secret.fromSecretsManager(secrets.invitation),
        WEBHOOK_SECRET_KEYS: ecs.Secret.fromSecretsManager(secrets.webhooks),
      },
    });
    mayPublish(this.task.definition.taskRole, events.bus);
    this.service = new ecs.FargateService(this, 'Service', {
      serviceName: 'pikaia-outbox-worker',
      cluster,
      taskDefinition: this.task.definition,
      desiredCount: services.workerTasks,
      minHealthyPercent: 50, // one keeps running while the other is replaced
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [network.securityGroups.worker],
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
    });
  }
}

/** The worker sends all events to the bus, and runs the consumers that do not run in a Lambda. */
function sinksOf(consumers: readonly DeployedConsumer[]): Record<string, string> {
  const names = consumersIn('worker', consumers).map(({ name }) => name);
  return names.length ? { EVENT_SINKS: 'local,eventbridge', EVENT_CONSUMERS: names.join(',') } : { EVENT_SINKS: 'eventbridge' };
}
