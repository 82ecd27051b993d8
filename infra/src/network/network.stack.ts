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

/** Who may connect to whom: one group for each part, and nothing that is not said here. */
export interface Doors {
  readonly balancer: ec2.SecurityGroup;
  readonly api: ec2.SecurityGroup;
  readonly worker: ec2.SecurityGroup;
  readonly tasks: ec2.SecurityGroup;
  readonly consumers: ec2.SecurityGroup;
  readonly database: ec2.SecurityGroup;
}

/** The VPC in two zones, the ways out and the groups of the parts. Telemetry's key is here, since every later stack writes logs. */
export class NetworkStack extends Stack {
  readonly vpc: ec2.Vpc;
  readonly doors: Doors;
  readonly telemetryKey: Key;

  constructor(app: App, settings: Settings) {
    super(app, 'PikaiaNetwork', { env: environmentOf(settings), description: 'Pikaia: VPC, ways out, who may connect to whom' });
    this.telemetryKey = telemetryKey(this);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(settings.network.cidr),
      maxAzs: 2,
      natGateways: settings.network.natGateways,
      restrictDefaultSecurityGroup: false, // a custom resource with rights of its own; nothing uses that group
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
        { name: 'database', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
      ],
    });
    this.logConnections(settings.network.flowLogDays);
    this.doors = this.open();
    this.addEndpoints();
  }

  private logConnections(days: number): void {
    const { group } = new LogStore(this, 'Connections', {
      name: '/pikaia/connections',
      days,
      key: this.telemetryKey,
      holdsRecords: false,
    });
    const log = this.vpc.addFlowLog('connections', { destination: ec2.FlowLogDestination.toCloudWatchLogs(group) });
    // It writes as soon as it exists, and CDK does not make it wait for the policy of its role.
    log.node.defaultChild!.node.addDependency(log.iamRole!);
  }

  private open(): Doors {
    const group = (id: string, description: string, allowAllOutbound: boolean): ec2.SecurityGroup =>
      new ec2.SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound });
    const doors = {
      balancer: group('BalancerDoor', 'Load balancer: the internet comes in', false),
      api: group('ApiDoor', 'Tasks of the api', true),
      worker: group('WorkerDoor', 'Tasks of the outbox worker', true),
      tasks: group('TasksDoor', 'One-off tasks: migrations and operations', true),
      consumers: group('ConsumersDoor', 'Lambda functions of the consumers', true),
      database: group('DatabaseDoor', 'Database: the parts that use it come in', false),
    };
    doors.balancer.addIngressRule(ec2.Peer.anyIpv4(), HTTPS, 'requests');
    doors.balancer.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(80), 'redirected to https');
    doors.balancer.addEgressRule(doors.api, ec2.Port.tcp(API_PORT), 'to the api');
    doors.api.addIngressRule(doors.balancer, ec2.Port.tcp(API_PORT), 'from the load balancer');
    for (const [name, door] of Object.entries({
      api: doors.api,
      worker: doors.worker,
      tasks: doors.tasks,
      consumers: doors.consumers,
    })) {
      doors.database.addIngressRule(door, POSTGRES, `from ${name}`);
    }
    doors.database.addIngressRule(doors.database, POSTGRES, 'from the proxy');
    doors.database.addEgressRule(doors.database, POSTGRES, 'from the proxy to the database');
    return doors;
  }

  /** What would otherwise go through the NAT gateways and be paid by the gigabyte. */
  private addEndpoints(): void {
    this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    const door = new ec2.SecurityGroup(this, 'EndpointsDoor', {
      vpc: this.vpc,
      description: 'AWS interfaces',
      allowAllOutbound: false,
    });
    for (const user of [this.doors.api, this.doors.worker, this.doors.tasks, this.doors.consumers]) {
      door.addIngressRule(user, HTTPS, 'calls of AWS');
    }
    const interfaces = {
      Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
      Secrets: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      Events: ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
      Registry: ec2.InterfaceVpcEndpointAwsService.ECR,
      Images: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    };
    for (const [id, service] of Object.entries(interfaces)) {
      this.vpc.addInterfaceEndpoint(id, { service, securityGroups: [door], open: false });
    }
  }
}
