import { CustomResource, Duration } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Code, Function, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { join } from 'node:path';
import { architectureOf } from '../settings/architecture.ts';
import { functionRole } from '../permissions/function-role.ts';
import type { AppDependencies } from './app.dependencies.ts';
import { databaseAs, databaseAt } from './process.environment.ts';
import { Task } from './task.ts';

const CODE = join(import.meta.dirname, '../../lambda/migrate');

/** Runs the migrations as a task. The deployment waits for it and fails if it fails, before any service runs the new code. */
export class MigrationRun extends Construct {
  /** Add a dependency on this to resources that must wait for the migrations. */
  readonly done: CustomResource;
  readonly task: Task;

  constructor(scope: Construct, id: string, { settings, network, data, secrets, cluster, image, taskLogs }: AppDependencies) {
    super(scope, id);
    this.task = new Task(this, 'Task', {
      settings,
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
        // The migrations create the roles of api and worker with these passwords.
        API_DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secrets.api, 'password'),
        WORKER_DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secrets.worker, 'password'),
        ...(secrets.reader && { READER_DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secrets.reader, 'password') }),
      },
    });
    const runner = new Function(this, 'Runner', {
      functionName: 'pikaia-run-migrations',
      role: functionRole(this, 'Role', { logs: taskLogs.group }),
      description: 'Runs the migrations as a task, and tells CloudFormation how it ended',
      runtime: Runtime.NODEJS_24_X,
      architecture: architectureOf(settings).lambda,
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
        // A new image changes the task definition, which triggers a new run.
        taskDefinition: this.task.definition.taskDefinitionArn,
        cluster: cluster.clusterArn,
        subnets: subnetIds,
        securityGroups: [network.securityGroups.tasks.securityGroupId],
        minutes: settings.services.migrationMinutes,
      },
    });
    // The task starts when this resource is created, and the CDK does not make it wait for the policies of its roles.
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
        resources: [cluster.arnForTasks('*')], // the ID of a task is not known before it starts
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
