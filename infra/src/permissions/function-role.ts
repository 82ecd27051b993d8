import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

const INTERFACES = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

export interface FunctionRoleOptions {
  /** What its functions may write to: AWS's managed policy allows every log of the account. */
  readonly logs: ILogGroup;
  /** Name of the function where it runs in the VPC. */
  readonly inVpc?: string;
}

/** The role of a Lambda function, with what Lambda itself needs and no more. */
export function functionRole(scope: Construct, id: string, { logs, inVpc }: FunctionRoleOptions): Role {
  const role = new Role(scope, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  role.addToPolicy(
    new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logs.logGroupArn] }),
  );
  if (inVpc === undefined) return role;
  // Lambda makes the network interfaces in the function's name, and EC2 knows no narrower resource for it.
  role.addToPolicy(new PolicyStatement({ actions: INTERFACES, resources: ['*'] }));
  const self = Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: inVpc,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY, // the code that runs in it must not
      actions: INTERFACES,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': self } },
    }),
  );
  return role;
}
