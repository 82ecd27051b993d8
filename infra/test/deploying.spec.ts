import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SETTINGS } from '../src/settings/settings.ts';
import { allResources, resourcesOf, synthesize } from './support/synthesis.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/deploying.md'), 'utf8');
const named = (option: RegExp): string[] => [...new Set([...text.matchAll(option)].map(([, name]) => name!))];

describe('docs/deploying.md', () => {
  it('shows a settings file with every required setting and only existing settings', () => {
    const all = Object.values(SETTINGS).flatMap((group) => Object.values(group));
    const keys = new Set<string>(all.map(({ key }) => key));
    const given = [...text.matchAll(/^ *"([a-z_]+)": /gm)].map(([, key]) => key!);
    assert.deepEqual(
      all.filter(({ key, requiredBy }) => requiredBy && !given.includes(key)).map(({ key }) => key),
      [],
    );
    assert.deepEqual(
      [...given, ...[...text.matchAll(/--context ([a-z_]+)=/g)].map(([, key]) => key!)].filter((key) => !keys.has(key)),
      [],
    );
  });

  it('uses the deployed names of cluster, services, tasks and container', () => {
    const { PikaiaApp: app } = synthesize({ database_access: true }).templates;
    const names = (type: string, property: string): unknown[] =>
      resourcesOf(app, type).map(({ Properties }) => Properties[property]);
    const containers = resourcesOf(app, 'AWS::ECS::TaskDefinition').flatMap(
      ({ Properties }) => Properties['ContainerDefinitions'] as { Name: string }[],
    );
    const expected: [RegExp, unknown[]][] = [
      [/--cluster ([\w-]+)/g, names('AWS::ECS::Cluster', 'ClusterName')],
      [/--services ([\w-]+)/g, names('AWS::ECS::Service', 'ServiceName')],
      [/(?:--task-definition |definition `)([\w-]+)/g, names('AWS::ECS::TaskDefinition', 'Family')],
      [/"containerOverrides": \[\{"name": "([\w-]+)"/g, containers.map(({ Name }) => Name)],
    ];
    for (const [option, there] of expected) {
      const said = named(option);
      assert.ok(said.length > 0, String(option));
      for (const name of said) assert.ok(there.includes(name), name);
    }
    const outputs = Object.keys((app as { Outputs: object }).Outputs).join(' ');
    for (const output of ['Address', 'Dkim1', 'Dkim2', 'Dkim3']) assert.match(outputs, new RegExp(output));
  });

  it('explains how to remove every retained resource that has a fixed name', () => {
    const listed = (pattern: RegExp, prefix: string): string[] =>
      pattern
        .exec(text)![1]!
        .split(' ')
        .map((name) => prefix + name);
    const everything = synthesize({ database_access: true });
    const names = (type: string, property: string): string[] =>
      allResources(everything, type).map(({ Properties }) => String(Properties[property]));
    assert.deepEqual(listed(/for name in (.+); do/, 'pikaia/').sort(), names('AWS::SecretsManager::Secret', 'Name').sort());
    const groups = [...listed(/for group in (.+); do/, '/pikaia/'), ...listed(/--log-group-name (\/\S+)/, '')];
    assert.deepEqual(groups.sort(), names('AWS::Logs::LogGroup', 'LogGroupName').sort());
    for (const description of names('AWS::KMS::Key', 'Description')) assert.match(description, /^Pikaia:/);
    const [cluster] = names('AWS::RDS::DBCluster', 'DBClusterIdentifier');
    assert.ok(text.includes(`--db-cluster-identifier ${cluster} `));
  });
});
