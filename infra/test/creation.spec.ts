import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unawaitedPolicies } from './support/dependencies.ts';
import {
  allResources,
  defaults,
  resourcesOf,
  synthesize,
  type Resource,
  type Synthesis,
  type Template,
} from './support/synthesis.ts';

type Found = Resource & { readonly id: string };

/** The name of a resource, if the template fixes it. */
function fixedName({ Type, Properties = {} }: Resource): unknown {
  const names: Readonly<Record<string, string>> = {
    'AWS::Logs::LogGroup': 'LogGroupName',
    'AWS::SecretsManager::Secret': 'Name',
    'AWS::S3::Bucket': 'BucketName',
    'AWS::RDS::DBCluster': 'DBClusterIdentifier',
    'AWS::KMS::Key': '', // a key has no name
  };
  if (!(Type in names)) throw new Error(`${Type} is retained: say here whether it has a name`);
  return Properties[names[Type]!];
}

const allOf = ({ templates }: Pick<Synthesis, 'templates'>): Found[] =>
  Object.values(templates).flatMap((template: Template) =>
    Object.entries(template.Resources).map(([id, resource]) => ({ id, ...resource })),
  );

/** The resources that would prevent a second attempt after a failed first deployment. */
function obstacles(resources: readonly Found[]): string[] {
  return resources.flatMap((resource) => {
    const { id, Type, Properties = {}, DeletionPolicy } = resource;
    const text = JSON.stringify(Properties);
    const isProtected =
      Properties['DeletionProtection'] === true || text.includes('{"Key":"deletion_protection.enabled","Value":"true"}');
    return [
      ...(DeletionPolicy === 'Retain' && fixedName(resource) !== undefined
        ? [`${id} (${Type}) keeps its name after a rollback`]
        : []),
      ...(isProtected ? [`${id} (${Type}) cannot be rolled back`] : []),
    ];
  });
}

describe('a failed first deployment', () => {
  const first = (): Synthesis => synthesize({ database_deletion_protection: false });

  it('can be repeated, because no fixed name stays taken and everything can be rolled back', () => {
    assert.deepEqual(obstacles(allOf(first())), []);
  });

  it('could not be repeated if a resource kept its fixed name or were protected from deletion (planted)', () => {
    const group = resourcesOf(first().templates.PikaiaApp, 'AWS::Logs::LogGroup')[0]!;
    assert.deepEqual(obstacles([{ ...group, DeletionPolicy: 'Retain' }]), [
      `${group.id} (AWS::Logs::LogGroup) keeps its name after a rollback`,
    ]);
    const found = obstacles(allOf(defaults())).map((line) => line.replace(/^\w+ /, ''));
    assert.deepEqual(found.sort(), [
      '(AWS::ElasticLoadBalancingV2::LoadBalancer) cannot be rolled back',
      '(AWS::RDS::DBCluster) cannot be rolled back',
    ]);
  });

  it('leaves the access log bucket behind, which has a generated name and which CloudFormation could not empty', () => {
    const [bucket] = allResources(defaults(), 'AWS::S3::Bucket');
    assert.deepEqual([bucket!.DeletionPolicy, bucket!.Properties['BucketName']], ['Retain', undefined]);
  });
});

describe('a retained resource', () => {
  it('is kept by every operation except a rollback of its creation, even when it is replaced', () => {
    for (const type of ['AWS::Logs::LogGroup', 'AWS::SecretsManager::Secret', 'AWS::KMS::Key']) {
      const found = allResources(defaults(), type);
      assert.ok(found.length > 0, type);
      for (const { id, DeletionPolicy, UpdateReplacePolicy } of found)
        assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ['RetainExceptOnCreate', 'Retain'], id);
    }
  });
});

describe('a resource that acts when it is created', () => {
  const problems = (synthesis: Synthesis): string[] => Object.values(synthesis.templates).flatMap(unawaitedPolicies);

  it('depends on the policies of the roles and buckets that it uses', () => {
    assert.deepEqual(problems(defaults()), []);
    assert.deepEqual(problems(synthesize({ database_proxy: 'true' })), []);
  });

  it('is reported if it does not depend on them (planted)', () => {
    const { PikaiaApp } = defaults().templates;
    const [run] = resourcesOf(PikaiaApp, 'Custom::Migrations');
    const policy = [run!.DependsOn ?? []]
      .flat()
      .find((id) => id.startsWith('MigrationsTaskDefinitionExecutionRoleDefaultPolicy'));
    assert.ok(policy, 'the migrations do not wait for the rights of their task');
    const planted = { ...run!, DependsOn: [run!.DependsOn ?? []].flat().filter((id) => id !== policy) };
    const template = { ...PikaiaApp, Resources: { ...PikaiaApp.Resources, [run!.id]: planted } };
    assert.ok(unawaitedPolicies(template).includes(`${run!.id} before ${policy}`));
  });
});

describe('the desired count of a service', () => {
  it('is absent with auto scaling, because each deployment would reset it, and is set without auto scaling', () => {
    const services = resourcesOf(defaults().templates.PikaiaApp, 'AWS::ECS::Service');
    const targets = resourcesOf(defaults().templates.PikaiaApp, 'AWS::ApplicationAutoScaling::ScalableTarget');
    const scaled = services.filter(({ id }) => targets.some(({ Properties }) => JSON.stringify(Properties).includes(`"${id}"`)));
    assert.deepEqual(services.map(({ Properties }) => [Properties['ServiceName'], Properties['DesiredCount']]).sort(), [
      ['pikaia-api', undefined],
      ['pikaia-outbox-worker', 2],
    ]);
    assert.deepEqual(
      scaled.map(({ Properties }) => Properties['ServiceName']),
      ['pikaia-api'],
    );
    assert.deepEqual([targets[0]!.Properties['MinCapacity'], targets[0]!.Properties['MaxCapacity']], [2, 10]);
  });
});
