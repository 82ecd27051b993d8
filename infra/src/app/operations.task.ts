import { Construct } from 'constructs';
import { databaseAs, databaseAt } from './process.environment.ts';
import { Task } from './task.ts';
import type { AppDependencies } from './app.dependencies.ts';

/**
 * A task for the outbox commands, because there is no shell access to the containers of the services. Start it manually with
 * `aws ecs run-task … --overrides` and a command. The default command prints the usage.
 */
export class OperationsTask extends Construct {
  readonly task: Task;

  constructor(scope: Construct, id: string, { settings, data, secrets, image, taskLogs }: AppDependencies) {
    super(scope, id);
    this.task = new Task(this, 'Task', {
      settings,
      family: 'pikaia-operations',
      image,
      cpu: 256,
      memory: 512,
      command: ['node', 'scripts/outbox.ts', '--help'],
      logs: taskLogs,
      environment: databaseAt(data.cluster.clusterEndpoint.hostname),
      key: secrets.key,
      secrets: databaseAs(secrets.worker),
    });
  }
}
