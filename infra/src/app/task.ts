import { Duration, Size, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { LogStore } from '../logs/log-store.ts';
import { Construct, DependencyGroup, type IDependable } from 'constructs';
import { mayDecryptSecrets } from '../permissions/grants.ts';
import { NODE_ENVIRONMENT } from '../settings/node-environment.ts';

// The account's default mode became non-blocking with 10 MiB; said here, so that it does not depend on the account. A
// process that outruns it loses lines instead of standing still.
const LOG_BUFFER = Size.mebibytes(25);
const STOP_SECONDS = 60; // the processes finish what is in hand within 30

export interface TaskOptions {
  readonly family: string;
  readonly image: ecs.ContainerImage;
  readonly cpu: number;
  readonly memory: number;
  readonly command: string[];
  readonly logs: LogStore;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, ecs.Secret>>;
  /** Encrypts them. */
  readonly key: IKey;
  /** Where it listens and is asked whether it lives; absent for a task that ends by itself. */
  readonly port?: number;
}

/** A Fargate task of one container: no shell's tools are needed, nothing is written to its disk but /tmp. */
export class Task extends Construct {
  readonly definition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  /**
   * Its roles with their policies. Whatever starts the task has to depend on them: a definition refers to its roles, and a role's
   * policy is a resource beside it that may be created later.
   *
   * @see https://github.com/aws/aws-cdk/issues/18675
   */
  readonly permissions: IDependable;

  constructor(scope: Construct, id: string, options: TaskOptions) {
    super(scope, id);
    const { family, image, cpu, memory, command, logs, environment, secrets, key, port } = options;
    this.definition = new ecs.FargateTaskDefinition(this, 'Definition', {
      family,
      cpu,
      memoryLimitMiB: memory,
      runtimePlatform: { cpuArchitecture: ecs.CpuArchitecture.ARM64, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
    });
    const temporary = 'temporary';
    this.definition.addVolume({ name: temporary });
    this.container = this.definition.addContainer('process', {
      image,
      command,
      environment: { NODE_ENV: NODE_ENVIRONMENT, ...environment },
      secrets,
      readonlyRootFilesystem: true,
      stopTimeout: Duration.seconds(STOP_SECONDS),
      linuxParameters: new ecs.LinuxParameters(this, 'Process1', { initProcessEnabled: true }),
      logging: ecs.LogDrivers.awsLogs({
        logGroup: logs.group,
        streamPrefix: family,
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: LOG_BUFFER,
      }),
      ...(port !== undefined && { portMappings: [{ containerPort: port }], healthCheck: alive(port) }),
    });
    // ECS reads them for the process; CDK says so to the secret, and to a key of another stack it cannot.
    mayDecryptSecrets(this.definition.obtainExecutionRole(), key, Stack.of(this));
    this.permissions = new DependencyGroup(this.definition.obtainExecutionRole(), this.definition.taskRole);
    this.container.addMountPoints({ containerPath: '/tmp', sourceVolume: temporary, readOnly: false });
  }
}

/** Whether the process answers, not whether it is ready: a restart does not bring a database back. */
const alive = (port: number): ecs.HealthCheck => ({
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
