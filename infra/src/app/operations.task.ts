import { Construct } from 'constructs';
import { databaseAs, databaseAt } from './process.environment.ts';
import { Task } from './task.ts';
import type { Surroundings } from './app.stack.ts';

/**
 * The command line as a task, since nobody enters the services' containers: started by hand with a command of its own,
 * `aws ecs run-task … --overrides`. Its own command only says what there is.
 */
export class OperationsTask extends Construct {
  readonly task: Task;

  constructor(scope: Construct, id: string, { data, secrets, image, taskLogs }: Surroundings) {
    super(scope, id);
    this.task = new Task(this, 'Task', {
      family: 'pikaia-operations',
      image,
      cpu: 256,
      memory: 512,
      command: ['node', 'scripts/outbox.mjs', '--help'],
      logs: taskLogs,
      environment: databaseAt(data.cluster.clusterEndpoint.hostname),
      key: secrets.key,
      secrets: databaseAs(secrets.worker),
    });
  }
}
