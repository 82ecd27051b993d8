import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { permissionsOf, permissionsText, type Permission } from './support/permissions.ts';
import { allResources, defaults } from './support/synthesis.ts';

/** The resource `*`, and why nothing narrower does. */
const ANY_RESOURCE: Readonly<Record<string, string>> = {
  'ecr:GetAuthorizationToken': 'The token is the registry’s, not that of a repository.',
  'ec2:AssignPrivateIpAddresses, ec2:CreateNetworkInterface, ec2:DeleteNetworkInterface, ec2:DescribeNetworkInterfaces, ec2:DescribeSubnets, ec2:UnassignPrivateIpAddresses':
    'Lambda makes interfaces in the VPC, which have no name before; the code itself is denied all of it.',
};

/** What is too much. */
function problemsIn(permissions: readonly Permission[]): string[] {
  return permissions.flatMap(({ role, effect, actions, resources }) => {
    if (effect === 'Deny') return [];
    const wide = actions.filter((action) => action.includes('*')).map((action) => `${role}: the action ${action}`);
    const everything =
      resources.includes('*') && !ANY_RESOURCE[actions.join(', ')] ? [`${role}: ${actions.join(', ')} on *`] : [];
    return [...wide, ...everything];
  });
}

describe('what the roles may do', () => {
  it('names each action, and each resource but where there is none to name', () => {
    assert.deepEqual(problemsIn(permissionsOf(defaults())), []);
    const used = new Set(
      permissionsOf(defaults()).flatMap(({ actions, resources }) => (resources.includes('*') ? actions.join(', ') : [])),
    );
    assert.deepEqual([...used].sort(), Object.keys(ANY_RESOURCE).sort());
  });

  it('comes from no policy that somebody else may change', () => {
    for (const { id, Properties } of allResources(defaults(), 'AWS::IAM::Role'))
      assert.equal(Properties['ManagedPolicyArns'], undefined, id);
    for (const type of ['AWS::IAM::User', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::AccessKey'])
      assert.deepEqual(allResources(defaults(), type), []);
  });

  it('lets the worker alone publish, and on this bus only', () => {
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

  it('gives the api nothing of AWS at all, and letters to who sends them, from our domain', () => {
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

  it('lets who reads a secret decrypt it, through Secrets Manager alone', () => {
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

  it('is what permissions.md says', () => {
    assert.equal(
      readFileSync(join(import.meta.dirname, '../permissions.md'), 'utf8'),
      permissionsText(permissionsOf(defaults())),
    );
  });

  it('would be found too much (planted)', () => {
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
