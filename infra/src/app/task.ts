import { Duration, Size, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { LogStore } from '../logs/log-store.ts';
import { Construct, DependencyGroup, type IDependable } from 'constructs';
import { mayDecryptSecrets } from '../permissions/grants.ts';
import { architectureOf } from '../settings/architecture.ts';
import { NODE_ENVIRONMENT } from '../settings/node-environment.ts';
import type { Settings } from '../settings/settings.ts';

// Set explicitly, because the default is a setting of the account (non-blocking with 10 MiB). If the buffer is full, lines are
// lost instead of blocking the process.
const LOG_BUFFER = Size.mebibytes(25);
const STOP_SECONDS = 60; // the processes finish their work in progress within 30 seconds

export interface TaskOptions {
  readonly settings: Settings;
  readonly family: string;
  readonly image: ecs.ContainerImage;
  readonly cpu: number;
  readonly memory: number;
  readonly command: string[];
  readonly logs: LogStore;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, ecs.Secret>>;
  /** Encrypts the secrets. */
  readonly key: IKey;
  /** Whether the file system can be written. Default false. */
  readonly writable?: boolean;
  /** The port of the server and its liveness check. Absent for a task that ends by itself. */
  readonly port?: number;
}

/** A Fargate task with one container. By default the file system is read-only except /tmp. The health check needs no shell. */
export class Task extends Construct {
  readonly definition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  /**
   * The roles of the task with their policies. A resource that starts the task must depend on them. The task definition refers
   * to its roles, but the policy of a role is a separate resource that can be created later.
   *
   * @see https://github.com/aws/aws-cdk/issues/18675
   */
  readonly permissions: IDependable;

  constructor(scope: Construct, id: string, options: TaskOptions) {
    super(scope, id);
    const { settings, family, image, cpu, memory, command, logs, environment, secrets, key, port, writable = false } = options;
    this.definition = new ecs.FargateTaskDefinition(this, 'Definition', {
      family,
      cpu,
      memoryLimitMiB: memory,
      runtimePlatform: { cpuArchitecture: architectureOf(settings).task, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
    });
    const temporary = 'temporary';
    this.definition.addVolume({ name: temporary });
    this.container = this.definition.addContainer('process', {
      image,
      command,
      environment: { NODE_ENV: NODE_ENVIRONMENT, ...environment },
      secrets,
      readonlyRootFilesystem: !writable,
      stopTimeout: Duration.seconds(STOP_SECONDS),
      linuxParameters: new ecs.LinuxParameters(this, 'Process1', { initProcessEnabled: true }),
      logging: ecs.LogDrivers.awsLogs({
        logGroup: logs.group,
        streamPrefix: family,
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: LOG_BUFFER,
      }),
      ...(port !== undefined && { portMappings: [{ containerPort: port }], healthCheck: livenessCheck(port) }),
    });
    // ECS reads the secrets for the process. The CDK grants access to the secrets, but not to a key of another stack.
    mayDecryptSecrets(this.definition.obtainExecutionRole(), key, Stack.of(this));
    this.permissions = new DependencyGroup(this.definition.obtainExecutionRole(), this.definition.taskRole);
    this.container.addMountPoints({ containerPath: '/tmp', sourceVolume: temporary, readOnly: false });
  }
}

/** A liveness check. It does not check readiness, because restarting a task does not help if the database is down. */
const livenessCheck = (port: number): ecs.HealthCheck => ({
  command: [
    'CMD',
    'node',
    '-e',
    `fetch('http://127.0.0.1:${port}/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`,
  ],
  interval: Duration.seconds(15),
  timeout: Duration.seconds(5),
  retries: 3,
  startPeriod: Duration.seconds(60),
});
