import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

const NETWORK_INTERFACE_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

export interface FunctionRoleOptions {
  /** The only log group that its functions may write to. The managed policy of AWS allows all log groups of the account. */
  readonly logs: ILogGroup;
  /** The name of the function if it runs in the VPC. */
  readonly inVpc?: string;
}

/** The role of a Lambda function, with only the permissions that Lambda itself needs. */
export function functionRole(scope: Construct, id: string, { logs, inVpc }: FunctionRoleOptions): Role {
  const role = new Role(scope, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  role.addToPolicy(
    new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logs.logGroupArn] }),
  );
  if (inVpc === undefined) return role;
  // Lambda creates the network interfaces with this role, and EC2 has no narrower resource for these actions.
  role.addToPolicy(new PolicyStatement({ actions: NETWORK_INTERFACE_ACTIONS, resources: ['*'] }));
  const self = Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: inVpc,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY, // the code of the function may not use them
      actions: NETWORK_INTERFACE_ACTIONS,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': self } },
    }),
  );
  return role;
}
