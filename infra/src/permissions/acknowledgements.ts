import { CONSUMERS, consumersIn } from '@pikaia/reactions';

/** A finding of cdk-nag that is accepted, with the reason. */
export interface Acknowledgement {
  /** Path of the construct, as cdk-nag reports it. */
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
}

const NO_SECRETS = 'The variables are names, addresses and sizes. Secrets are references only. A test checks this.';
const PULL = 'ecr:GetAuthorizationToken applies to the whole registry: there is no narrower resource.';
const NO_ROTATION =
  'Processes read the password when they start. After a rotation, new connections would fail. To change it, set a new value and deploy.';
const SIGNING_SECRET =
  'Signs tokens that users hold. A rotation would invalidate open invitations and cursors. Change it deliberately.';
const ENCRYPTION_KEY =
  'Encrypts the secrets of webhook endpoints. A rotation needs the old key until they are encrypted again: see docs/webhooks.md.';

const tasks = ['Api', 'Worker', 'Migrations', 'Operations'];

/** Every accepted finding of AwsSolutions. A test checks that each still occurs and that there are no others. */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    path: 'PikaiaNetwork/BalancerDoor/Resource',
    rule: 'AwsSolutions-EC23',
    reason: 'The load balancer is public: port 443, and port 80, which only redirects. No other port is open.',
  },
  ...['OwnerSecret', 'ApiSecret', 'WorkerSecret'].map((name) => ({
    path: `PikaiaData/${name}/Resource`,
    rule: 'AwsSolutions-SMG4',
    reason: NO_ROTATION,
  })),
  ...['CursorSecret', 'InvitationSecret'].map((name) => ({
    path: `PikaiaData/${name}/Resource`,
    rule: 'AwsSolutions-SMG4',
    reason: SIGNING_SECRET,
  })),
  { path: 'PikaiaData/WebhookSecret/Resource', rule: 'AwsSolutions-SMG4', reason: ENCRYPTION_KEY },
  {
    path: 'PikaiaData/Database/Resource',
    rule: 'AwsSolutions-RDS6',
    reason:
      'Each process has its own role and password over verified TLS. IAM tokens expire after 15 minutes and would tie the libraries to AWS.',
  },
  ...consumersIn('lambda', CONSUMERS).map(({ name }) => ({
    path: `PikaiaEvents/${name}/Role/DefaultPolicy/Resource`,
    rule: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'Lambda creates network interfaces in the VPC, whose names are not known in advance. The code itself is denied these actions.',
  })),
  ...tasks.map((name) => ({
    path: `PikaiaApp/${name}/Task/Definition/Resource`,
    rule: 'AwsSolutions-ECS2',
    reason: NO_SECRETS,
  })),
  ...tasks.map((name) => ({
    path: `PikaiaApp/${name}/Task/Definition/ExecutionRole/DefaultPolicy/Resource`,
    rule: 'AwsSolutions-IAM5[Resource::*]',
    reason: PULL,
  })),
  {
    path: 'PikaiaApp/Migrations/Role/DefaultPolicy/Resource',
    rule: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:eu-central-1:<AWS::AccountId>:task/<ClusterEB0386A7>/*]',
    reason: 'The ID of a task is not known before it starts. Allows only describing and stopping tasks of this cluster.',
  },
  {
    path: 'PikaiaApp/Api/AccessLog/Resource',
    rule: 'AwsSolutions-S1',
    reason: 'This bucket is the access log. Another access log would only log itself.',
  },
];
