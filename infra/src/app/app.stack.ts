import type { DeployedConsumer } from '@pikaia/reactions';
import { Stack, type App } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { DatabaseAccess } from './database-access.ts';
import { DomainIdentity } from './domain-identity.ts';
import type { DataStack } from '../data/data.stack.ts';
import { secretReferences } from '../data/secrets.ts';
import type { EventsStack } from '../events/events.stack.ts';
import { LogStore } from '../logs/log-store.ts';
import type { NetworkStack } from '../network/network.stack.ts';
import { environmentOf } from '../settings/environment.ts';
import { architectureOf } from '../settings/architecture.ts';
import type { Settings } from '../settings/settings.ts';
import { ApiService } from './api.service.ts';
import { imageOf } from './image.ts';
import { MigrationRun } from './migration.run.ts';
import { OperationsTask } from './operations.task.ts';
import { WorkerService } from './worker.service.ts';

/** The api, the worker, the migrations and the operations task. All use one image. The services wait for the migrations. */
export class AppStack extends Stack {
  readonly api: ApiService;
  readonly worker: WorkerService;
  readonly taskLogs: LogStore;

  constructor(
    app: App,
    settings: Settings,
    network: NetworkStack,
    data: DataStack,
    events: EventsStack,
    consumers: readonly DeployedConsumer[],
  ) {
    super(app, 'PikaiaApp', { env: environmentOf(settings), description: 'Pikaia: api, outbox worker, migrations' });
    const cluster = new ecs.Cluster(this, 'Cluster', {
      clusterName: 'pikaia',
      vpc: network.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    });
    this.taskLogs = new LogStore(this, 'TaskLogs', {
      name: '/pikaia/tasks',
      days: settings.logs.days,
      key: network.telemetryKey,
      holdsRecords: true,
    });
    const image = imageOf(this, settings.services.image, architectureOf(settings).platform);
    const dependencies = {
      settings,
      network,
      data,
      secrets: secretReferences(this, data.secrets),
      events,
      consumers,
      cluster,
      image,
      taskLogs: this.taskLogs,
    };
    const migrations = new MigrationRun(this, 'Migrations', dependencies);
    this.api = new ApiService(this, 'Api', dependencies);
    this.worker = new WorkerService(this, 'Worker', dependencies);
    for (const { service, task } of [this.api, this.worker]) service.node.addDependency(migrations.done, task.permissions);
    new OperationsTask(this, 'Operations', dependencies);
    if (settings.database.access) new DatabaseAccess(this, 'DatabaseAccess', dependencies);
    new DomainIdentity(this, 'Mail', settings.services.mailDomain);
  }
}
