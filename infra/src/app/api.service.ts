import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { LogStore } from '../logs/log-store.ts';
import { API_PORT } from '../network/network.stack.ts';
import type { AppDependencies } from './app.dependencies.ts';
import { databaseAs, databaseAt } from './process.environment.ts';
import { Task } from './task.ts';

const IDLE_TIMEOUT_SECONDS = 60;
const DRAIN_SECONDS = 30; // the maximum time that the process takes to finish its requests
const ACCESS_LOG_DAYS = 90;

/** The api service and its load balancer. */
export class ApiService extends Construct {
  readonly service: ecs.FargateService;
  readonly balancer: elb.ApplicationLoadBalancer;
  readonly targets: elb.ApplicationTargetGroup;
  readonly logs: LogStore;
  readonly task: Task;

  constructor(scope: Construct, id: string, { settings, network, data, secrets, cluster, image }: AppDependencies) {
    super(scope, id);
    const { services } = settings;
    this.logs = new LogStore(this, 'Logs', {
      name: '/pikaia/api',
      days: settings.logs.days,
      key: network.telemetryKey,
      holdsRecords: true,
    });
    this.task = new Task(this, 'Task', {
      settings,
      family: 'pikaia-api',
      image,
      cpu: services.apiCpu,
      memory: services.apiMemory,
      command: ['node', 'apps/api/dist/main.js'],
      logs: this.logs,
      port: API_PORT,
      environment: {
        ...databaseAt(data.apiHost),
        PORT: String(API_PORT),
        DATABASE_POOL_SIZE: String(services.apiPool),
        LOG_LEVEL: settings.logs.level,
        ...(settings.logs.correlationHosts !== undefined && { LOG_CORRELATION_HOSTS: settings.logs.correlationHosts }),
        TRUSTED_PROXIES: settings.network.cidr, // only the addresses of the load balancer
        ...(services.corsOrigins !== undefined && { CORS_ORIGINS: services.corsOrigins }),
        CONSOLE: services.console,
        SESSION_JWKS_URL: services.sessionJwksUrl,
        SESSION_ISSUER: services.sessionIssuer,
        SESSION_AUDIENCE: services.sessionAudience,
        ...(services.sessionOperatorOrganization !== undefined && {
          SESSION_OPERATOR_ORGANIZATION: services.sessionOperatorOrganization,
        }),
        ...(services.identityAdminRoles !== undefined && { IDENTITY_ADMIN_ROLES: services.identityAdminRoles }),
      },
      key: secrets.key,
      secrets: {
        ...databaseAs(secrets.api),
        CURSOR_SECRET: ecs.Secret.fromSecretsManager(secrets.cursor),
        INVITATION_SECRET: ecs.Secret.fromSecretsManager(secrets.invitation),
        WEBHOOK_SECRET_KEYS: ecs.Secret.fromSecretsManager(secrets.webhooks),
        ...this.credentials('Stripe', services.stripeCredentialsArn, {
          STRIPE_WEBHOOK_SECRETS: 'webhook_secrets',
          STRIPE_API_KEY: 'api_key',
        }),
        ...this.credentials('Identity', services.identityCredentialsArn, { IDENTITY_WEBHOOK_SECRETS: 'webhook_secrets' }),
      },
    });
    this.service = new ecs.FargateService(this, 'Service', {
      serviceName: 'pikaia-api',
      cluster,
      taskDefinition: this.task.definition,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(60),
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [network.securityGroups.api],
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
    });
    // There is no desired count, so that an update does not undo auto scaling: "If a desired count is not specified, it is omitted
    // from the operation". The scalable target raises a new service to its minimum.
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
    this.service
      .autoScaleTaskCount({ minCapacity: services.apiTasks, maxCapacity: services.maxApiTasks })
      .scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: services.apiCpuTarget, scaleInCooldown: Duration.minutes(5) });
    this.balancer = this.balance(network, settings.database.deletionProtection);
    this.targets = new elb.ApplicationTargetGroup(this, 'Targets', {
      vpc: network.vpc,
      port: API_PORT,
      protocol: elb.ApplicationProtocol.HTTP,
      targets: [this.service],
      deregistrationDelay: Duration.seconds(DRAIN_SECONDS),
      // A liveness check, like that of the container, because ECS replaces a task that fails it.
      healthCheck: {
        path: '/health/live',
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        unhealthyThresholdCount: 3,
      },
    });
    this.balancer.addListener('Https', {
      port: 443,
      open: false, // the security group controls access
      certificates: [elb.ListenerCertificate.fromArn(services.certificateArn)],
      sslPolicy: elb.SslPolicy.RECOMMENDED_TLS,
      defaultTargetGroups: [this.targets],
    });
    this.balancer.addListener('Http', {
      port: 80,
      open: false,
      defaultAction: elb.ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true }),
    });
    new CfnOutput(this, 'Address', {
      description: `Where ${services.domain} has to lead`,
      value: this.balancer.loadBalancerDnsName,
    });
  }

  /** The secrets of a provider, which people create, because AWS cannot generate them. Each variable gets the value of a key. */
  private credentials(id: string, arn: string | undefined, keys: Readonly<Record<string, string>>): Record<string, ecs.Secret> {
    if (arn === undefined) return {};
    const secret = Secret.fromSecretCompleteArn(this, id, arn);
    return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, ecs.Secret.fromSecretsManager(secret, key)]));
  }

  private balance({ vpc, securityGroups }: AppDependencies['network'], deletionProtection: boolean): elb.ApplicationLoadBalancer {
    const balancer = new elb.ApplicationLoadBalancer(this, 'Balancer', {
      loadBalancerName: 'pikaia-api',
      vpc,
      internetFacing: true,
      securityGroup: securityGroups.balancer,
      idleTimeout: Duration.seconds(IDLE_TIMEOUT_SECONDS),
      dropInvalidHeaderFields: true,
      deletionProtection,
    });
    const accessLog = new Bucket(this, 'AccessLog', {
      encryption: BucketEncryption.S3_MANAGED, // the only kind that a load balancer can write to
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // RETAIN, because CloudFormation cannot roll back its creation: the load balancer writes a test file into it. Its name is
      // generated, so a leftover bucket does not block a second deployment.
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [{ expiration: Duration.days(ACCESS_LOG_DAYS) }],
    });
    balancer.logAccessLogs(accessLog, 'api');
    return balancer;
  }
}
