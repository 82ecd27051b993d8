import { DEAD_LETTER_DAYS, MIN_DEAD_LETTER_DAYS } from './queue-times.ts';
import { numberSetting, required, choiceSetting, optionalText, text, booleanSetting, type ValuesOf } from './setting.ts';
import { alarmThresholds } from './thresholds.ts';

const DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653] as const; // the retention periods that CloudWatch accepts
const CPU = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const; // the sizes that Fargate offers
const TEXT = /^[^\s<>…]+$/; // no spaces and no placeholders
const SECRET_ARN = /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}$/;
const HOST = /^([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z]{2,}$/;

const general = {
  region: required(
    'every stack',
    optionalText('region', 'a region', /^[a-z]{2}(-[a-z]+)+-\d$/, 'The region of all resources and data.'),
  ),
  account: optionalText('account', 'twelve digits', /^\d{12}$/, "The AWS account. Default: that of the deployer's credentials."),
  architecture: choiceSetting(
    'architecture',
    'arm64',
    ['arm64', 'x86_64'],
    'CPU architecture of the tasks and functions, and of the image that is built. An image of `image` must have it.',
  ),
  settingsFile: optionalText(
    'settings_file',
    'a path below infra',
    /^.+$/,
    'The settings file of this environment. Default: settings.json.',
  ),
};

const network = {
  cidr: text(
    'vpc_cidr',
    '10.42.0.0/16',
    'a block of /16 to /20',
    /^\d+(\.\d+){3}\/(1[6-9]|20)$/,
    'The address range of the VPC.',
  ),
  natGateways: numberSetting(
    'nat_gateways',
    2,
    { unit: 'gateways', min: 1, max: 2 },
    'Number of NAT gateways. With one, the loss of its zone cuts off both zones.',
  ),
  flowLogDays: choiceSetting('flow_log_days', 30, DAYS, 'How long the VPC flow log is kept.', 'days'),
};

const database = {
  minCapacity: numberSetting(
    'database_min_acu',
    0.5,
    { unit: 'ACU', min: 0, max: 256, fraction: true },
    'Minimum capacity of an instance. 0 allows a pause, but the worker keeps the database awake.',
  ),
  maxCapacity: numberSetting(
    'database_max_acu',
    16,
    { unit: 'ACU', min: 1, max: 256, fraction: true },
    'Maximum capacity of an instance.',
  ),
  readers: numberSetting(
    'database_readers',
    1,
    { unit: 'instances', min: 0, max: 15 },
    'Replicas in another zone. One of them takes over in a failover.',
  ),
  backupDays: numberSetting(
    'database_backup_days',
    14,
    { unit: 'days', min: 1, max: 35 },
    'How far back a point-in-time restore can go.',
  ),
  // Required, because the right value changes: CloudFormation cannot roll back the creation of a resource that it may not delete.
  deletionProtection: required(
    'PikaiaData and PikaiaApp',
    booleanSetting(
      'database_deletion_protection',
      undefined,
      'Prevents deletion of the database and the load balancer. Use false until the first deployment has succeeded, then true.',
    ),
  ),
  proxy: booleanSetting(
    'database_proxy',
    false,
    'Puts RDS Proxy between the api and the database. The worker always connects directly.',
  ),
  access: booleanSetting(
    'database_access',
    false,
    'Lets people with the role pikaia-database-access read the audit log and the outbox with SQL.',
  ),
};

const services = {
  image: optionalText(
    'image',
    'an image with its tag or digest',
    /^[\w.-]+(:\d+)?(\/[\w.-]+)+(:[\w.-]+|@sha256:[\da-f]{64})$/,
    'The container image. Default: docker/Dockerfile is built at deployment.',
  ),
  domain: required(
    'PikaiaEvents and PikaiaApp',
    optionalText('domain', 'a host name', HOST, 'The public host name of the api. Links in emails start with it.'),
  ),
  certificateArn: required(
    'PikaiaApp',
    optionalText(
      'certificate_arn',
      'an ARN of ACM',
      /^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
      'The certificate of the domain, in the same region.',
    ),
  ),
  apiCpu: choiceSetting('api_cpu', 512, CPU, 'CPU of an api task.', 'CPU units'),
  apiMemory: numberSetting('api_memory', 1024, { unit: 'MiB', min: 512, max: 122_880 }, 'Memory of an api task.'),
  apiTasks: numberSetting('api_tasks', 2, { unit: 'tasks', min: 1, max: 500 }, 'Minimum number of api tasks.'),
  maxApiTasks: numberSetting('api_tasks_most', 10, { unit: 'tasks', min: 1, max: 500 }, 'Maximum number of api tasks.'),
  apiCpuTarget: numberSetting(
    'api_cpu_target',
    60,
    { unit: 'percent', min: 10, max: 90 },
    'Target CPU utilization of the api. Auto scaling adds tasks above it.',
  ),
  apiPool: numberSetting('api_pool', 10, { unit: 'connections', min: 1, max: 500 }, 'Size of the database pool of an api task.'),
  workerCpu: choiceSetting('worker_cpu', 512, CPU, 'CPU of a worker task.', 'CPU units'),
  workerMemory: numberSetting('worker_memory', 1024, { unit: 'MiB', min: 512, max: 122_880 }, 'Memory of a worker task.'),
  workerTasks: numberSetting(
    'worker_tasks',
    2,
    { unit: 'tasks', min: 1, max: 20 },
    'Number of worker tasks. One leads the sink and the others stand by.',
  ),
  migrationMinutes: numberSetting(
    'migration_minutes',
    14,
    { unit: 'minutes', min: 1, max: 14 },
    'Maximum time that a deployment waits for the migrations.',
  ),
  sessionJwksUrl: required(
    'PikaiaApp',
    optionalText(
      'session_jwks_url',
      'an https URL',
      /^https:\/\/[^\s<>…]+$/,
      'URL of the public keys (JWKS) of the session provider.',
    ),
  ),
  sessionIssuer: required('PikaiaApp', optionalText('session_issuer', 'text', TEXT, 'Required issuer of session tokens.')),
  sessionAudience: required('PikaiaApp', optionalText('session_audience', 'text', TEXT, 'Required audience of session tokens.')),
  sessionOperatorOrganization: optionalText(
    'session_operator_organization',
    'text',
    TEXT,
    'ID, at the session provider, of the organization whose members are operators. Default: there are no operators.',
  ),
  stripeCredentialsArn: optionalText(
    'stripe_credentials_arn',
    'an ARN of Secrets Manager',
    SECRET_ARN,
    'The secret with the keys webhook_secrets and api_key of Stripe. Default: there is no billing.',
  ),
  identityCredentialsArn: optionalText(
    'identity_credentials_arn',
    'an ARN of Secrets Manager',
    SECRET_ARN,
    'The secret with the key webhook_secrets of the identity provider. Default: its webhooks are refused.',
  ),
  identityAdminRoles: optionalText(
    'identity_admin_roles',
    'roles, comma-separated',
    /^[^\s,<>…]+(,[^\s,<>…]+)*$/,
    'Roles at the identity provider that make a member an admin. Default: stytch_admin.',
  ),
  corsOrigins: optionalText(
    'cors_origins',
    'https origins, comma-separated',
    /^https:\/\/[a-z\d.-]+(:\d+)?(,https:\/\/[a-z\d.-]+(:\d+)?)*$/,
    'Origins whose pages may call the api, such as https://app.example.com. Default: none.',
  ),
  console: choiceSetting('console', 'off', ['off', 'on'], 'Whether the api serves the web console at /console.'),
  mailName: text('mail_name', 'Pikaia', 'letters, digits and spaces', /^[\p{L}\p{N} ]{1,60}$/u, 'Sender name of emails.'),
  mailDomain: required(
    'PikaiaEvents and PikaiaApp',
    optionalText('mail_domain', 'a domain', HOST, 'Sender domain of emails, the SES identity.'),
  ),
};

const events = {
  bus: text('event_bus', 'pikaia', 'a name of a bus', /^[\w.-]{1,200}$/, 'The name of the event bus.'),
  archiveDays: numberSetting(
    'event_archive_days',
    14,
    { unit: 'days', min: 1, max: 3650 },
    'How long the archive of the bus keeps events for a replay.',
  ),
  queueDays: numberSetting(
    'queue_days',
    7,
    { unit: 'days', min: 1, max: DEAD_LETTER_DAYS - MIN_DEAD_LETTER_DAYS },
    'How long the queue keeps a message for its consumer. A dead letter is kept until 14 days after its event was sent.',
  ),
  maxReceives: numberSetting(
    'queue_max_receives',
    100,
    { unit: 'receives', min: 1, max: 1000 },
    'Receives after which a message becomes a dead letter. SQS also counts postponed attempts.',
  ),
  batch: numberSetting('consumer_batch', 10, { unit: 'messages', min: 1, max: 10 }, 'Maximum number of messages in a batch.'),
  concurrency: numberSetting(
    'consumer_concurrency',
    10,
    { unit: 'executions', min: 2, max: 1000 },
    'Maximum number of concurrent executions of a consumer.',
  ),
  memory: numberSetting(
    'consumer_memory',
    512,
    { unit: 'MiB', min: 256, max: 10_240 },
    'Memory of a consumer. Its CPU share grows with the memory.',
  ),
  timeoutSeconds: numberSetting(
    'consumer_timeout',
    60,
    { unit: 'seconds', min: 5, max: 900 },
    'Timeout of an execution of a consumer.',
  ),
  bundles: optionalText(
    'consumer_bundles',
    'a folder',
    /^.+$/,
    'The folder of the consumer bundles. Default: apps/consumers/dist.',
  ),
};

const logs = {
  days: choiceSetting('log_days', 30, DAYS, 'Retention of the logs of api, worker and consumers.', 'days'),
  level: choiceSetting(
    'log_level',
    'info',
    ['debug', 'info', 'warning', 'error', 'critical'],
    'The least severe level that is logged.',
  ),
  correlationHosts: optionalText(
    'log_correlation_hosts',
    'hosts, comma-separated',
    /^(\*\.)?[a-z\d_][a-z\d_.-]*(,(\*\.)?[a-z\d_][a-z\d_.-]*)*$/i,
    'Hosts that get the correlation id of outgoing requests, such as *.example.com. Default: none.',
  ),
};

const alarms = {
  email: optionalText(
    'alarm_email',
    'addresses, comma-separated',
    /^[^\s,@]+@[^\s,@]+(,[^\s,@]+@[^\s,@]+)*$/,
    'Email addresses that receive every alarm.',
  ),
  https: optionalText(
    'alarm_https',
    'https URLs, comma-separated',
    /^https:\/\/[^\s,]+(,https:\/\/[^\s,]+)*$/,
    'URLs to call when an alarm changes, for example of PagerDuty or a chat.',
  ),
  httpsGets: choiceSetting(
    'alarm_https_gets',
    'composite',
    ['composite', 'all'],
    'Whether the URLs receive all alarms or only pikaia-service-degraded.',
  ),
};

/** All settings, grouped by topic. infra/README.md lists them, and a test compares the lists. */
export const SETTINGS = { general, network, database, services, events, logs, alarms, thresholds: alarmThresholds };

export type Settings = { readonly [group in keyof typeof SETTINGS]: ValuesOf<(typeof SETTINGS)[group]> };
