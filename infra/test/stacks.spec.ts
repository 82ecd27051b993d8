import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allResources, defaults, resourcesOf, STACKS, synthesize, type Synthesis } from './support/synthesis.ts';

const property = (value: unknown, ...path: string[]): unknown =>
  path.reduce((at, name) => (at as Record<string, unknown> | undefined)?.[name], value);

describe('the stacks', () => {
  it('are five, and each is deployed after the stacks that it depends on', () => {
    assert.deepEqual(Object.keys(defaults().templates).sort(), [...STACKS].sort());
    const { network, data, events, app, observability } = defaults().deployment;
    const order = [network, data, events, app, observability];
    order.forEach((stack, index) => {
      if (index)
        assert.ok(
          stack.dependencies.includes(order[index - 1]!),
          `${stack.stackName} does not wait for ${order[index - 1]!.stackName}`,
        );
    });
  });

  it('need no look-ups and no parameters', () => {
    for (const template of Object.values(defaults().templates)) {
      const parameters = Object.keys((template as { Parameters?: object }).Parameters ?? {});
      assert.deepEqual(parameters, ['BootstrapVersion']); // a parameter of the CDK
    }
  });
});

describe('stored data', () => {
  it('is always encrypted', () => {
    const all = defaults();
    for (const { id, Properties } of allResources(all, 'AWS::RDS::DBCluster')) {
      assert.equal(Properties['StorageEncrypted'], true, id);
      assert.ok(Properties['KmsKeyId'], id);
    }
    for (const { id, Properties } of allResources(all, 'AWS::Logs::LogGroup')) assert.ok(Properties['KmsKeyId'], id);
    for (const { id, Properties } of allResources(all, 'AWS::SecretsManager::Secret')) assert.ok(Properties['KmsKeyId'], id);
    for (const { id, Properties } of allResources(all, 'AWS::SNS::Topic')) assert.ok(Properties['KmsMasterKeyId'], id);
    for (const { id, Properties } of allResources(all, 'AWS::SQS::Queue')) {
      // Not alias/aws/sqs, which silently refuses the messages of a rule.
      assert.equal(Properties['SqsManagedSseEnabled'], true, id);
      assert.equal(Properties['KmsMasterKeyId'], undefined, id);
    }
    for (const { id, Properties } of allResources(all, 'AWS::S3::Bucket')) assert.ok(Properties['BucketEncryption'], id);
    for (const { id, Properties } of allResources(all, 'AWS::KMS::Key')) assert.equal(Properties['EnableKeyRotation'], true, id);
  });

  it('outlives its stack if it cannot be recreated', () => {
    const { PikaiaData } = defaults().templates;
    const [cluster] = resourcesOf(PikaiaData, 'AWS::RDS::DBCluster');
    assert.equal(cluster!.DeletionPolicy, 'Snapshot');
    assert.equal(cluster!.Properties['DeletionProtection'], true);
    assert.equal(cluster!.Properties['BackupRetentionPeriod'], 14);
    for (const type of ['AWS::SecretsManager::Secret', 'AWS::KMS::Key', 'AWS::Logs::LogGroup', 'AWS::S3::Bucket']) {
      for (const { id, DeletionPolicy } of allResources(defaults(), type)) assert.match(DeletionPolicy!, /^Retain/, id);
    }
  });

  it('is logged to groups that are indexed, masked and kept for a fixed time', () => {
    const groups = allResources(defaults(), 'AWS::Logs::LogGroup');
    assert.deepEqual(groups.map(({ Properties }) => Properties['LogGroupName']).sort(), [
      '/aws/rds/cluster/pikaia/postgresql',
      '/pikaia/api',
      '/pikaia/connections',
      '/pikaia/consumers/welcome-email',
      '/pikaia/outbox-worker',
      '/pikaia/tasks',
    ]);
    for (const { Properties } of groups) {
      assert.equal(Properties['RetentionInDays'], 30);
      if (!/^\/pikaia\/(?!connections)/.test(String(Properties['LogGroupName']))) continue; // not of the processes
      assert.deepEqual(Properties['FieldIndexPolicies'], [
        { Fields: ['trace_id', 'event', 'usr.id', 'organization.id', 'level'] },
      ]);
      assert.match(JSON.stringify(Properties['DataProtectionPolicy']), /AwsSecretKey.*"Deidentify"/);
    }
  });
});

describe('the log of the database', () => {
  it('is written to a group of the stack, which exists before the cluster and has a key that allows it', () => {
    const { PikaiaData, PikaiaNetwork } = defaults().templates;
    const [cluster] = resourcesOf(PikaiaData, 'AWS::RDS::DBCluster');
    const [group] = resourcesOf(PikaiaData, 'AWS::Logs::LogGroup');
    const name = `/aws/rds/cluster/${String(cluster!.Properties['DBClusterIdentifier'])}/postgresql`;
    assert.equal(group!.Properties['LogGroupName'], name);
    assert.ok([cluster!.DependsOn].flat().includes(group!.id));
    const key = resourcesOf(PikaiaNetwork, 'AWS::KMS::Key')[0]!;
    assert.match(JSON.stringify(key.Properties['KeyPolicy']), /log-group:\/aws\/rds\/cluster\/pikaia\/\*/);
  });
});

describe('the architecture', () => {
  const used = (all: Synthesis) => ({
    tasks: [
      ...new Set(
        allResources(all, 'AWS::ECS::TaskDefinition').map(({ Properties }) =>
          property(Properties, 'RuntimePlatform', 'CpuArchitecture'),
        ),
      ),
    ],
    functions: [
      ...new Set(allResources(all, 'AWS::Lambda::Function').map(({ Properties }) => property(Properties, 'Architectures', '0'))),
    ],
  });

  it('is that of Graviton for tasks and functions, unless the setting says otherwise', () => {
    assert.deepEqual(used(defaults()), { tasks: ['ARM64'], functions: ['arm64'] });
    assert.deepEqual(used(synthesize({ architecture: 'x86_64' })), { tasks: ['X86_64'], functions: ['x86_64'] });
  });

  it('is that of the image that is built', () => {
    assert.deepEqual(synthesize({ image: undefined }).imagePlatforms, ['linux/arm64']);
    assert.deepEqual(synthesize({ image: undefined, architecture: 'x86_64' }).imagePlatforms, ['linux/amd64']);
  });
});

describe('secrets', () => {
  it('are generated in the account, under fixed names', () => {
    const secrets = resourcesOf(defaults().templates.PikaiaData, 'AWS::SecretsManager::Secret');
    assert.deepEqual(secrets.map(({ Properties }) => Properties['Name']).sort(), [
      'pikaia/cursor',
      'pikaia/database/api',
      'pikaia/database/owner',
      'pikaia/database/worker',
      'pikaia/invitation',
      'pikaia/webhooks',
    ]);
    for (const { id, Properties } of secrets) {
      assert.ok(Properties['GenerateSecretString'], id);
      assert.equal(Properties['SecretString'], undefined, id);
    }
  });

  it('are never resolved into a template, except for the credentials of the database cluster', () => {
    for (const [name, template] of Object.entries(defaults().templates)) {
      const resolved = JSON.stringify(template).match(/\{\{resolve:/g) ?? [];
      assert.equal(resolved.length, name === 'PikaiaData' ? 2 : 0, name); // user and password of the cluster
    }
  });

  it('are passed only to the process that needs them, and those of the owner only to the migrations', () => {
    const users = resourcesOf(defaults().templates.PikaiaApp, 'AWS::ECS::TaskDefinition').map(({ Properties }) => [
      Properties['Family'],
      ...new Set(
        [...JSON.stringify(property(Properties, 'ContainerDefinitions', '0', 'Secrets')).matchAll(/Ref(\w+?)Secret/g)].map(
          ([, name]) => name,
        ),
      ),
    ]);
    assert.deepEqual(Object.fromEntries(users.map(([family, ...names]) => [family, names.sort()])), {
      'pikaia-api': ['Api', 'Cursor', 'Invitation', 'Webhook'],
      'pikaia-migrations': ['Api', 'Owner', 'Worker'],
      'pikaia-operations': ['Worker'],
      'pikaia-outbox-worker': ['Invitation', 'Webhook', 'Worker'],
    });
  });
});

describe('the services', () => {
  const definitions = () => resourcesOf(defaults().templates.PikaiaApp, 'AWS::ECS::TaskDefinition');
  const container = (family: string) =>
    property(
      definitions().find(({ Properties }) => Properties['Family'] === family)!.Properties,
      'ContainerDefinitions',
      '0',
    ) as Record<string, unknown>;

  it('run the same image with four commands', () => {
    const images = new Set(
      definitions().map(({ Properties }) => JSON.stringify(property(Properties, 'ContainerDefinitions', '0', 'Image'))),
    );
    assert.equal(images.size, 1);
    assert.deepEqual(container('pikaia-api')['Command'], ['node', 'apps/api/dist/main.js']);
    assert.deepEqual(container('pikaia-outbox-worker')['Command'], ['node', 'apps/outbox-worker/dist/main.js']);
    assert.deepEqual(container('pikaia-migrations')['Command'], ['node', 'apps/api/dist/migrate.js']);
  });

  it('have a read-only file system, a non-blocking log buffer of 25 MiB, and an init process', () => {
    for (const { Properties } of definitions()) {
      const { ReadonlyRootFilesystem, LogConfiguration, LinuxParameters } = container(String(Properties['Family']));
      assert.equal(ReadonlyRootFilesystem, true);
      assert.deepEqual(
        [property(LogConfiguration, 'Options', 'mode'), property(LogConfiguration, 'Options', 'max-buffer-size')],
        ['non-blocking', '26214400b'],
      );
      assert.equal(property(LinuxParameters, 'InitProcessEnabled'), true);
    }
  });

  it('have liveness checks and no readiness checks', () => {
    for (const family of ['pikaia-api', 'pikaia-outbox-worker']) {
      assert.match(JSON.stringify(container(family)['HealthCheck']), /health\/live/);
    }
    const [group] = resourcesOf(defaults().templates.PikaiaApp, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    assert.equal(group!.Properties['HealthCheckPath'], '/health/live');
  });

  it('roll back a failed deployment, and wait for the migrations', () => {
    const services = resourcesOf(defaults().templates.PikaiaApp, 'AWS::ECS::Service');
    assert.deepEqual(services.map(({ Properties }) => Properties['ServiceName']).sort(), ['pikaia-api', 'pikaia-outbox-worker']);
    const [run] = resourcesOf(defaults().templates.PikaiaApp, 'Custom::Migrations');
    for (const { Properties, DependsOn } of services) {
      assert.deepEqual(property(Properties, 'DeploymentConfiguration', 'DeploymentCircuitBreaker'), {
        Enable: true,
        Rollback: true,
      });
      assert.ok(DependsOn?.includes(run!.id), `${String(Properties['ServiceName'])} does not wait`);
    }
  });

  it('include two worker tasks without a load balancer, with a direct database connection and the bus as their sink', () => {
    const services = resourcesOf(defaults().templates.PikaiaApp, 'AWS::ECS::Service');
    const worker = services.find(({ Properties }) => Properties['ServiceName'] === 'pikaia-outbox-worker')!;
    assert.equal(worker.Properties['DesiredCount'], 2);
    assert.equal(worker.Properties['LoadBalancers'], undefined);
    const withProxy = synthesize({ database_proxy: 'true' }).templates.PikaiaApp;
    const hostOf = (family: string): string => {
      const found = resourcesOf(withProxy, 'AWS::ECS::TaskDefinition').find(({ Properties }) => Properties['Family'] === family)!;
      const environment = property(found.Properties, 'ContainerDefinitions', '0', 'Environment') as {
        Name: string;
        Value: unknown;
      }[];
      return JSON.stringify(environment.find(({ Name }) => Name === 'DATABASE_HOST')!.Value);
    };
    assert.match(hostOf('pikaia-api'), /Proxy/);
    for (const family of ['pikaia-outbox-worker', 'pikaia-migrations', 'pikaia-operations'])
      assert.doesNotMatch(hostOf(family), /Proxy/);
  });

  it('are reachable only over TLS and only through the load balancer', () => {
    const { PikaiaApp, PikaiaNetwork } = defaults().templates;
    const listeners = resourcesOf(PikaiaApp, 'AWS::ElasticLoadBalancingV2::Listener');
    assert.deepEqual(
      listeners.map(({ Properties }) => [Properties['Port'], property(Properties, 'DefaultActions', '0', 'Type')]).sort(),
      [
        [443, 'forward'],
        [80, 'redirect'],
      ],
    );
    const open = resourcesOf(PikaiaNetwork, 'AWS::EC2::SecurityGroup').filter(({ Properties }) =>
      JSON.stringify(Properties['SecurityGroupIngress'] ?? '').includes('0.0.0.0/0'),
    );
    assert.deepEqual(
      open.map(({ id }) => id.replace(/[\dA-F]{8}$/, '')),
      ['BalancerDoor'],
    );
  });
});
