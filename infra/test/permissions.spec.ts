import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { permissionsOf, permissionsText, type Permission } from './support/permissions.ts';
import { allResources, defaults } from './support/synthesis.ts';

/** The allowed uses of the resource `*`, with the reason why no narrower resource is possible. */
const ANY_RESOURCE: Readonly<Record<string, string>> = {
  'ecr:GetAuthorizationToken': 'The token is the registry’s, not that of a repository.',
  'ec2:AssignPrivateIpAddresses, ec2:CreateNetworkInterface, ec2:DeleteNetworkInterface, ec2:DescribeNetworkInterfaces, ec2:DescribeSubnets, ec2:UnassignPrivateIpAddresses':
    'Lambda makes interfaces in the VPC, which have no name before; the code itself is denied all of it.',
};

/** Permissions that are too broad. */
function problemsIn(permissions: readonly Permission[]): string[] {
  return permissions.flatMap(({ role, effect, actions, resources }) => {
    if (effect === 'Deny') return [];
    const wide = actions.filter((action) => action.includes('*')).map((action) => `${role}: the action ${action}`);
    const everything =
      resources.includes('*') && !ANY_RESOURCE[actions.join(', ')] ? [`${role}: ${actions.join(', ')} on *`] : [];
    return [...wide, ...everything];
  });
}

describe('the permissions of the roles', () => {
  it('name each action and each resource, except where AWS has no narrower resource', () => {
    assert.deepEqual(problemsIn(permissionsOf(defaults())), []);
    const used = new Set(
      permissionsOf(defaults()).flatMap(({ actions, resources }) => (resources.includes('*') ? actions.join(', ') : [])),
    );
    assert.deepEqual([...used].sort(), Object.keys(ANY_RESOURCE).sort());
  });

  it('come only from inline policies, because others can change managed policies', () => {
    for (const { id, Properties } of allResources(defaults(), 'AWS::IAM::Role'))
      assert.equal(Properties['ManagedPolicyArns'], undefined, id);
    for (const type of ['AWS::IAM::User', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::AccessKey'])
      assert.deepEqual(allResources(defaults(), type), []);
  });

  it('allow only the worker to publish, and only to this bus', () => {
    const publishers = permissionsOf(defaults()).filter(({ actions }) => actions.some((action) => action.startsWith('events:')));
    assert.deepEqual(publishers, [
      {
        role: 'WorkerTaskDefinitionTaskRole',
        effect: 'Allow',
        actions: ['events:DescribeEventBus', 'events:PutEvents'],
        resources: publishers[0]!.resources,
        condition: '',
      },
    ]);
    assert.match(publishers[0]!.resources.join(), /^<PikaiaEvents Bus>$/);
  });

  it('give the api no permissions, and allow email only to consumers that send it, from the configured domain', () => {
    const all = permissionsOf(defaults());
    assert.deepEqual(
      all.filter(({ role }) => role === 'ApiTaskDefinitionTaskRole'),
      [],
    );
    const senders = all.filter(({ actions }) => actions.some((action) => action.startsWith('ses:')));
    assert.deepEqual(
      senders.map(({ role }) => role),
      ['welcomeemailRole'],
    );
    assert.match(senders[0]!.resources.join(), /identity\/example\.com$/);
  });

  it('allow a reader of a secret to decrypt it only through Secrets Manager', () => {
    const all = permissionsOf(defaults());
    const readers = all.filter(({ actions }) => actions.includes('secretsmanager:GetSecretValue')).map(({ role }) => role);
    const decrypting = all.filter(({ actions }) => actions.includes('kms:Decrypt'));
    assert.deepEqual(
      decrypting.map(({ role }) => role),
      readers,
    );
    for (const { actions, condition } of decrypting) {
      assert.deepEqual(
        [actions, condition],
        [['kms:Decrypt'], 'kms:ViaService StringEquals secretsmanager.eu-central-1.amazonaws.com'],
      );
    }
  });

  it('match the list in permissions.md', () => {
    assert.equal(
      readFileSync(join(import.meta.dirname, '../permissions.md'), 'utf8'),
      permissionsText(permissionsOf(defaults())),
    );
  });

  it('are reported if they are too broad (planted)', () => {
    const role = { role: 'Planted', effect: 'Allow', condition: '' };
    assert.deepEqual(
      problemsIn([
        { ...role, actions: ['s3:Get*'], resources: ['arn:aws:s3:::a'] },
        { ...role, actions: ['sns:Publish'], resources: ['*'] },
      ]),
      ['Planted: the action s3:Get*', 'Planted: sns:Publish on *'],
    );
  });
});
