import { Annotations, Duration, RemovalPolicy, Stack, type App } from 'aws-cdk-lib';
import { SecurityGroup, SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import { LogStore } from '../logs/log-store.ts';
import type { NetworkStack } from '../network/network.stack.ts';
import { environmentOf } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import { RETAINED } from '../retain.ts';
import { createSecrets, type Secrets } from './secrets.ts';

const ENGINE = rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_9 });
const CLUSTER_NAME = 'pikaia';
export const DATABASE_NAME = 'pikaia';
export const DATABASE_PORT = 5432;

/** PostgreSQL and the secrets. Deleting the stack keeps the secrets and a snapshot of the database. */
export class DataStack extends Stack {
  readonly cluster: rds.DatabaseCluster;
  readonly secrets: Secrets;
  /** The database host of the api: the proxy if there is one, else the cluster. */
  readonly apiHost: string;

  constructor(app: App, settings: Settings, { vpc, securityGroups, telemetryKey }: NetworkStack) {
    super(app, 'PikaiaData', { env: environmentOf(settings), description: 'Pikaia: PostgreSQL and secrets' });
    const { minCapacity, maxCapacity, readers, backupDays, deletionProtection, proxy, access } = settings.database;
    const key = new Key(this, 'DataKey', {
      alias: 'alias/pikaia-data',
      description: 'Pikaia: the database and the secrets',
      enableKeyRotation: true,
      removalPolicy: RETAINED,
    });
    this.secrets = createSecrets(this, key, access);
    // The network stack defines its rules. The CDK must not add any.
    const securityGroup = SecurityGroup.fromSecurityGroupId(this, 'Door', securityGroups.database.securityGroupId, {
      mutable: false,
    });
    const logs = new LogStore(this, 'DatabaseLogs', {
      name: `/aws/rds/cluster/${CLUSTER_NAME}/postgresql`, // the name that Aurora writes to; without this group it creates one
      days: settings.logs.days,
      key: telemetryKey,
      holdsRecords: false,
    });
    const instance = { enablePerformanceInsights: true, performanceInsightEncryptionKey: key, publiclyAccessible: false };
    this.cluster = new rds.DatabaseCluster(this, 'Database', {
      clusterIdentifier: CLUSTER_NAME,
      engine: ENGINE,
      credentials: rds.Credentials.fromSecret(this.secrets.owner),
      defaultDatabaseName: DATABASE_NAME,
      port: DATABASE_PORT,
      writer: rds.ClusterInstance.serverlessV2('Writer', instance),
      readers: Array.from({ length: readers }, (_, index) =>
        rds.ClusterInstance.serverlessV2(`Reader${index + 1}`, { ...instance, scaleWithWriter: index === 0 }),
      ),
      serverlessV2MinCapacity: minCapacity,
      serverlessV2MaxCapacity: maxCapacity,
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [securityGroup],
      storageEncrypted: true,
      storageEncryptionKey: key,
      backup: { retention: Duration.days(backupDays) },
      copyTagsToSnapshot: true,
      deletionProtection,
      removalPolicy: RemovalPolicy.SNAPSHOT,
      cloudwatchLogsExports: ['postgresql'],
      parameterGroup: new rds.ParameterGroup(this, 'Parameters', {
        engine: ENGINE,
        description: 'Pikaia',
        parameters: { 'rds.force_ssl': '1', log_lock_waits: '1', ...(access && { log_connections: '1' }) },
      }),
    });
    this.cluster.node.addDependency(logs);
    this.apiHost = this.cluster.clusterEndpoint.hostname;
    if (!deletionProtection) {
      Annotations.of(this).addWarningV2(
        'pikaia:database_deletion_protection',
        'Database and load balancer can be deleted: set database_deletion_protection to true once the first deployment has succeeded.',
      );
    }
    if (proxy) {
      const role = new Role(this, 'ProxyRole', { assumedBy: new ServicePrincipal('rds.amazonaws.com') });
      const databaseProxy = this.cluster.addProxy('Proxy', {
        dbProxyName: 'pikaia-api',
        role,
        secrets: [this.secrets.api],
        vpc,
        vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
        securityGroups: [securityGroup],
        requireTLS: true,
      });
      // The proxy reads the secret when it is created, and the CDK does not make it wait for the policy of its role.
      databaseProxy.node.defaultChild!.node.addDependency(role);
      this.apiHost = databaseProxy.endpoint;
    }
  }
}
