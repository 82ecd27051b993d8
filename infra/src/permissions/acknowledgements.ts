/** A finding of cdk-nag that stays, and why. */
export interface Acknowledgement {
  /** Path of the construct, as cdk-nag reports it. */
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
}

const NO_SECRETS = 'Names, addresses and sizes; every secret comes by reference. A test compares.';
const PULL = 'ecr:GetAuthorizationToken belongs to the registry as a whole: there is no narrower resource.';
const NO_ROTATION =
  'Processes get the password when they start: rotated under them, new connections would fail. It is changed by a new value and a deployment.';
const SIGNS = 'Signs what people hold: rotated, open invitations and lists would become invalid. It is changed on purpose.';

const tasks = ['Api', 'Worker', 'Migrations', 'Operations'];

/** Every finding of AwsSolutions that is not repaired. A test shows that each is still one, and that there are no others. */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    path: 'PikaiaNetwork/BalancerDoor/Resource',
    rule: 'AwsSolutions-EC23',
    reason: 'The load balancer is where the public comes in: 443, and 80 that only redirects. Nothing else is open.',
  },
  ...['OwnerSecret', 'ApiSecret', 'WorkerSecret'].map((name) => ({
    path: `PikaiaData/${name}/Resource`,
    rule: 'AwsSolutions-SMG4',
    reason: NO_ROTATION,
  })),
  ...['CursorSecret', 'InvitationSecret'].map((name) => ({
    path: `PikaiaData/${name}/Resource`,
    rule: 'AwsSolutions-SMG4',
    reason: SIGNS,
  })),
  {
    path: 'PikaiaData/Database/Resource',
    rule: 'AwsSolutions-RDS6',
    reason:
      'Each process has a role and a password of its own over verified TLS; tokens of IAM end after a quarter of an hour, and would tie the libraries to AWS.',
  },
  {
    path: 'PikaiaEvents/welcome-email/Role/DefaultPolicy/Resource',
    rule: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'Network interfaces of Lambda in the VPC, which EC2 cannot name before they are made; the code itself is denied them.',
  },
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
    reason: 'A task gets its id when it starts. Tasks of this cluster alone, to look at and to stop.',
  },
  {
    path: 'PikaiaApp/Api/AccessLog/Resource',
    rule: 'AwsSolutions-S1',
    reason: 'It is the log of accesses; one of its own would log only itself.',
  },
];
