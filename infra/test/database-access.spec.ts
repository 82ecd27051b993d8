import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { permissionsOf } from './support/permissions.ts';
import { allResources, defaults, resourcesOf, synthesize, type Synthesis } from './support/synthesis.ts';

let cached: Synthesis | undefined;
const enabled = (): Synthesis => (cached ??= synthesize({ database_access: true }));
const definitionOf = (family: string) =>
  resourcesOf(enabled().templates.PikaiaApp, 'AWS::ECS::TaskDefinition').find(
    ({ Properties }) => Properties['Family'] === family,
  )!;

describe('SQL access for people', () => {
  it('does not exist unless the setting database_access is true', () => {
    assert.doesNotMatch(JSON.stringify(defaults().templates), /database-access|pikaia_reader|ssmmessages|log_connections/);
  });

  it('has its own password, which only the migrations and the role of people can read', () => {
    const secrets = resourcesOf(enabled().templates.PikaiaData, 'AWS::SecretsManager::Secret');
    const reader = secrets.find(({ Properties }) => Properties['Name'] === 'pikaia/database/reader')!;
    assert.match(JSON.stringify(reader.Properties['GenerateSecretString']), /pikaia_reader/);
    assert.match(JSON.stringify(definitionOf('pikaia-migrations')), /READER_DATABASE_PASSWORD/);
    const readers = permissionsOf(enabled()).filter(
      ({ actions, resources }) => actions.includes('secretsmanager:GetSecretValue') && /ReaderSecret/.test(resources.join()),
    );
    assert.deepEqual(readers.map(({ role }) => role).sort(), ['DatabaseAccessRole', 'MigrationsTaskDefinitionExecutionRole']);
  });

  it('runs a task without secrets that ends by itself after an hour', () => {
    const [container] = definitionOf('pikaia-database-access').Properties['ContainerDefinitions'] as Record<string, unknown>[];
    assert.equal(container!['Secrets'], undefined);
    assert.deepEqual(container!['Command'], ['node', '-e', 'setTimeout(() => {}, 3600000)']);
    assert.equal(container!['ReadonlyRootFilesystem'], false);
  });

  it('reaches only the database and AWS', () => {
    const { PikaiaNetwork } = enabled().templates;
    const rules = resourcesOf(PikaiaNetwork, 'AWS::EC2::SecurityGroup').find(({ id }) => id.startsWith('AccessDoor'))!;
    const inline = rules.Properties['SecurityGroupEgress'] as { FromPort: number; CidrIp: string }[];
    assert.deepEqual(
      inline.map(({ CidrIp, FromPort }) => [CidrIp, FromPort]),
      [['0.0.0.0/0', 443]],
    );
    const toDatabase = resourcesOf(PikaiaNetwork, 'AWS::EC2::SecurityGroupEgress').filter(({ id }) =>
      id.startsWith('AccessDoor'),
    );
    assert.deepEqual(
      toDatabase.map(({ Properties }) => Properties['FromPort']),
      [5432],
    );
    assert.equal(rules.Properties['SecurityGroupIngress'], undefined);
  });

  it('lets people run that task, forward a port and read that password, and nothing else', () => {
    const own = permissionsOf(enabled()).filter(({ role }) => role === 'DatabaseAccessRole');
    assert.deepEqual(own.flatMap(({ actions }) => actions).sort(), [
      'ecs:DescribeTasks',
      'ecs:RunTask',
      'ecs:StopTask',
      'iam:PassRole',
      'kms:Decrypt',
      'secretsmanager:GetSecretValue',
      'ssm:StartSession',
      'ssm:TerminateSession',
    ]);
    assert.deepEqual(
      own.filter(({ resources }) => resources.includes('*')),
      [],
    );
    const session = own.find(({ actions }) => actions.includes('ssm:StartSession'))!;
    assert.match(session.condition, /SessionDocumentAccessCheck/);
    assert.match(session.resources.join(), /document\/AWS-StartPortForwardingSessionToRemoteHost/);
    assert.doesNotMatch(JSON.stringify(allResources(enabled(), 'AWS::IAM::Role')), /ManagedPolicyArns/);
  });

  it('is logged: the server logs connections', () => {
    const [parameters] = resourcesOf(enabled().templates.PikaiaData, 'AWS::RDS::DBClusterParameterGroup');
    assert.equal((parameters!.Properties['Parameters'] as Record<string, string>)['log_connections'], '1');
  });

  it('is documented with the names of the task, the role and the outputs', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/deploying.md'), 'utf8');
    const outputs = Object.keys(enabled().templates.PikaiaApp.Outputs ?? {}).filter((name) => name.startsWith('DatabaseAccess'));
    assert.deepEqual(outputs.sort(), ['DatabaseAccessHost', 'DatabaseAccessNetwork']);
    for (const name of [...outputs, 'pikaia-database-access', 'pikaia/database/reader', 'database_access'])
      assert.ok(text.includes(name), name);
  });
});
