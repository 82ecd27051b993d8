import { CustomResource, Duration } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { join } from 'node:path';
import { functionRole } from '../permissions/function-role.ts';
import type { Surroundings } from './app.stack.ts';
import { databaseAs, databaseAt } from './process.environment.ts';
import { Task } from './task.ts';

const CODE = join(import.meta.dirname, '../../lambda/migrate');

/** The migrations as a task that the deployment waits for: it fails when they fail, before any service runs on the new code. */
export class MigrationRun extends Construct {
  /** What has to wait depends on this. */
  readonly done: CustomResource;
  readonly task: Task;

  constructor(scope: Construct, id: string, { settings, network, data, secrets, cluster, image, taskLogs }: Surroundings) {
    super(scope, id);
    this.task = new Task(this, 'Task', {
      family: 'pikaia-migrations',
      image,
      cpu: 256,
      memory: 512,
      command: ['node', 'apps/api/dist/migrate.js'],
      logs: taskLogs,
      environment: databaseAt(data.cluster.clusterEndpoint.hostname),
      key: secrets.key,
      secrets: {
        ...databaseAs(secrets.owner),
        // The roles of api and worker are made by the migrations, and get their passwords here.
        API_DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secrets.api, 'password'),
        WORKER_DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secrets.worker, 'password'),
      },
    });
    const runner = new Function(this, 'Runner', {
      functionName: 'pikaia-run-migrations',
      role: functionRole(this, 'Role', { logs: taskLogs.group }),
      description: 'Runs the migrations as a task, and tells CloudFormation how it ended',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(CODE),
      handler: 'index.handler',
      memorySize: 256,
      timeout: Duration.minutes(settings.services.migrationMinutes + 1),
      logGroup: taskLogs.group,
      loggingFormat: LoggingFormat.TEXT,
    });
    this.allow(runner, cluster);
    const { subnetIds } = network.vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_WITH_EGRESS });
    this.done = new CustomResource(this, 'Run', {
      resourceType: 'Custom::Migrations',
      serviceToken: runner.functionArn,
      properties: {
        // Another image makes another definition, and so another run.
        taskDefinition: this.task.definition.taskDefinitionArn,
        cluster: cluster.clusterArn,
        subnets: subnetIds,
        securityGroups: [network.doors.tasks.securityGroupId],
        minutes: settings.services.migrationMinutes,
      },
    });
    // The task starts as soon as this resource is created, and CDK makes no definition wait for the policies of its roles.
    this.done.node.addDependency(runner.role!, this.task.permissions);
  }

  private allow(runner: Function, cluster: ecs.Cluster): void {
    const { definition } = this.task;
    const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
    runner.addToRolePolicy(
      new PolicyStatement({ actions: ['ecs:RunTask'], resources: [definition.taskDefinitionArn], conditions: inCluster }),
    );
    runner.addToRolePolicy(
      new PolicyStatement({
        actions: ['ecs:DescribeTasks', 'ecs:StopTask'],
        resources: [cluster.arnForTasks('*')], // a task's id is made when it starts
        conditions: inCluster,
      }),
    );
    runner.addToRolePolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [definition.taskRole.roleArn, definition.obtainExecutionRole().roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      }),
    );
  }
}
