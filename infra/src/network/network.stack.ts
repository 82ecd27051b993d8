import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { App } from 'aws-cdk-lib';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { environmentOf } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import { LogStore } from '../logs/log-store.ts';
import { telemetryKey } from './telemetry-key.ts';

const POSTGRES = ec2.Port.tcp(5432);
const HTTPS = ec2.Port.tcp(443);
export const API_PORT = 3000;

/** One security group for each part. Only the connections that are declared here are possible. */
export interface SecurityGroups {
  readonly balancer: ec2.SecurityGroup;
  readonly api: ec2.SecurityGroup;
  readonly worker: ec2.SecurityGroup;
  readonly tasks: ec2.SecurityGroup;
  readonly consumers: ec2.SecurityGroup;
  readonly database: ec2.SecurityGroup;
  /** The task through which people reach the database, if database_access is on. */
  readonly access: ec2.SecurityGroup | undefined;
}

/** The VPC in two zones, its egress and its security groups. Also has the telemetry key, because all later stacks write logs. */
export class NetworkStack extends Stack {
  readonly vpc: ec2.Vpc;
  readonly securityGroups: SecurityGroups;
  readonly telemetryKey: Key;

  constructor(app: App, settings: Settings) {
    super(app, 'PikaiaNetwork', { env: environmentOf(settings), description: 'Pikaia: VPC, ways out, who may connect to whom' });
    this.telemetryKey = telemetryKey(this);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(settings.network.cidr),
      maxAzs: 2,
      natGateways: settings.network.natGateways,
      restrictDefaultSecurityGroup: false, // it would need a custom resource with its own permissions, and nothing uses that group
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
        { name: 'database', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
      ],
    });
    this.addFlowLog(settings.network.flowLogDays);
    this.securityGroups = this.createSecurityGroups(settings.database.access);
    this.addEndpoints();
  }

  private addFlowLog(days: number): void {
    const { group } = new LogStore(this, 'Connections', {
      name: '/pikaia/connections',
      days,
      key: this.telemetryKey,
      holdsRecords: false,
    });
    const log = this.vpc.addFlowLog('connections', { destination: ec2.FlowLogDestination.toCloudWatchLogs(group) });
    // The flow log writes when it is created, and the CDK does not make it wait for the policy of its role.
    log.node.defaultChild!.node.addDependency(log.iamRole!);
  }

  private createSecurityGroups(hasAccess: boolean): SecurityGroups {
    const group = (id: string, description: string, allowAllOutbound: boolean): ec2.SecurityGroup =>
      new ec2.SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound });
    const securityGroups = {
      balancer: group('BalancerDoor', 'Load balancer: the internet comes in', false),
      api: group('ApiDoor', 'Tasks of the api', true),
      worker: group('WorkerDoor', 'Tasks of the outbox worker', true),
      tasks: group('TasksDoor', 'One-off tasks: migrations and operations', true),
      consumers: group('ConsumersDoor', 'Lambda functions of the consumers', true),
      database: group('DatabaseDoor', 'Database: the parts that use it come in', false),
      access: hasAccess ? group('AccessDoor', 'People who read with SQL: only the database and AWS', false) : undefined,
    };
    if (securityGroups.access) {
      securityGroups.database.addIngressRule(securityGroups.access, POSTGRES, 'from people who read');
      securityGroups.access.addEgressRule(securityGroups.database, POSTGRES, 'to the database');
      securityGroups.access.addEgressRule(ec2.Peer.anyIpv4(), HTTPS, 'to AWS');
    }
    securityGroups.balancer.addIngressRule(ec2.Peer.anyIpv4(), HTTPS, 'requests');
    securityGroups.balancer.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(80), 'redirected to https');
    securityGroups.balancer.addEgressRule(securityGroups.api, ec2.Port.tcp(API_PORT), 'to the api');
    securityGroups.api.addIngressRule(securityGroups.balancer, ec2.Port.tcp(API_PORT), 'from the load balancer');
    for (const [name, securityGroup] of Object.entries({
      api: securityGroups.api,
      worker: securityGroups.worker,
      tasks: securityGroups.tasks,
      consumers: securityGroups.consumers,
    })) {
      securityGroups.database.addIngressRule(securityGroup, POSTGRES, `from ${name}`);
    }
    securityGroups.database.addIngressRule(securityGroups.database, POSTGRES, 'from the proxy');
    securityGroups.database.addEgressRule(securityGroups.database, POSTGRES, 'from the proxy to the database');
    return securityGroups;
  }

  /** Endpoints for AWS traffic that would otherwise pass the NAT gateways, which are charged by the gigabyte. */
  private addEndpoints(): void {
    this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    const securityGroup = new ec2.SecurityGroup(this, 'EndpointsDoor', {
      vpc: this.vpc,
      description: 'AWS interfaces',
      allowAllOutbound: false,
    });
    for (const user of [
      this.securityGroups.api,
      this.securityGroups.worker,
      this.securityGroups.tasks,
      this.securityGroups.consumers,
      ...(this.securityGroups.access ? [this.securityGroups.access] : []),
    ]) {
      securityGroup.addIngressRule(user, HTTPS, 'calls of AWS');
    }
    const interfaces = {
      Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
      Secrets: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      Events: ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
      Registry: ec2.InterfaceVpcEndpointAwsService.ECR,
      Images: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    };
    for (const [id, service] of Object.entries(interfaces)) {
      this.vpc.addInterfaceEndpoint(id, { service, securityGroups: [securityGroup], open: false });
    }
  }
}
