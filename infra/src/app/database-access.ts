import { ArnFormat, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { AccountRootPrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { mayReadSecrets } from '../permissions/grants.ts';
import type { AppDependencies } from './app.dependencies.ts';
import { Task } from './task.ts';

const HOURS = 1;
const DOCUMENT = 'AWS-StartPortForwardingSessionToRemoteHost';

/**
 * A way for people to read the audit log and the outbox with SQL. A person assumes the role `pikaia-database-access`, starts a
 * task that ends after an hour, and forwards a port through it. The task has no secret, and its security group reaches only the
 * database and AWS. The password is that of a database role that only reads.
 */
export class DatabaseAccess extends Construct {
  constructor(scope: Construct, id: string, dependencies: AppDependencies) {
    super(scope, id);
    const { settings, network, data, secrets, image, taskLogs } = dependencies;
    const task = new Task(this, 'Task', {
      settings,
      family: 'pikaia-database-access',
      image,
      cpu: 256,
      memory: 512,
      command: ['node', '-e', `setTimeout(() => {}, ${Duration.hours(HOURS).toMilliseconds()})`],
      logs: taskLogs,
      environment: {},
      key: secrets.key,
      secrets: {},
      writable: true, // the agent of Systems Manager, which ECS starts in the container, writes files
    });
    task.definition.addToTaskRolePolicy(
      new PolicyStatement({
        actions: ['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'].map(
          (action) => `ssmmessages:${action}`,
        ),
        resources: ['*'], // the actions have no resource
      }),
    );
    const role = new Role(this, 'Role', {
      roleName: 'pikaia-database-access',
      description: 'Reads the audit log and the outbox with SQL. IAM decides who may assume it.',
      assumedBy: new AccountRootPrincipal(),
      maxSessionDuration: Duration.hours(HOURS),
    });
    for (const statement of this.statements(task, dependencies)) role.addToPolicy(statement);
    mayReadSecrets(role, [secrets.reader!], secrets.key, Stack.of(this));
    const { subnetIds } = network.vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_WITH_EGRESS });
    new CfnOutput(this, 'Network', {
      value: `awsvpcConfiguration={subnets=[${subnetIds.join(',')}],securityGroups=[${network.securityGroups.access!.securityGroupId}]}`,
    }).overrideLogicalId('DatabaseAccessNetwork');
    new CfnOutput(this, 'Host', { value: data.cluster.clusterReadEndpoint.hostname }).overrideLogicalId('DatabaseAccessHost');
  }

  private statements({ definition }: Task, { cluster }: AppDependencies): PolicyStatement[] {
    const stack = Stack.of(this);
    const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
    const tasks = cluster.arnForTasks('*'); // the ID of a task is not known before it starts
    const document = stack.formatArn({ service: 'ssm', account: '', resource: 'document', resourceName: DOCUMENT });
    const sessions = stack.formatArn({
      service: 'ssm',
      resource: 'session',
      resourceName: '*',
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    return [
      new PolicyStatement({ actions: ['ecs:RunTask'], resources: [definition.taskDefinitionArn], conditions: inCluster }),
      new PolicyStatement({ actions: ['ecs:DescribeTasks', 'ecs:StopTask'], resources: [tasks], conditions: inCluster }),
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [definition.taskRole.roleArn, definition.obtainExecutionRole().roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      }),
      // The check of the document leaves only port forwarding: without it, a session without a document is a shell.
      new PolicyStatement({
        actions: ['ssm:StartSession'],
        resources: [tasks, document],
        conditions: { BoolIfExists: { 'ssm:SessionDocumentAccessCheck': 'true' } },
      }),
      new PolicyStatement({
        actions: ['ssm:TerminateSession'],
        resources: [sessions],
        conditions: { StringLike: { 'ssm:resourceTag/aws:ssmmessages:session-id': ['${aws:userid}'] } },
      }),
    ];
  }
}
