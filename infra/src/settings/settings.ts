import { problemsAmong } from './check-settings.ts';
import { DEAD_LETTER_DAYS, LEAST_DEAD_LETTER_DAYS } from './queue-times.ts';
import { readSettings } from './read-settings.ts';
import { amount, needed, oneOf, optional, text, toggle, type ValuesOf } from './setting.ts';
import { alarmThresholds } from './thresholds.ts';

const DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653] as const; // those of CloudWatch
const CPU = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const; // those of Fargate
const TEXT = /^[^\s<>…]+$/; // no place to be filled in
const HOST = /^([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z]{2,}$/;

const general = {
  region: needed(
    'every stack',
    optional('region', 'a region', /^[a-z]{2}(-[a-z]+)+-\d$/, 'Where everything is deployed, and where the data stays.'),
  ),
  account: optional('account', 'twelve digits', /^\d{12}$/, "The account; absent: that of the deployer's credentials."),
  settingsFile: optional(
    'settings_file',
    'a path below infra',
    /^.+$/,
    'The file with the settings of this environment; absent: settings.json.',
  ),
};

const network = {
  cidr: text('vpc_cidr', '10.42.0.0/16', 'a block of /16 to /20', /^\d+(\.\d+){3}\/(1[6-9]|20)$/, 'Addresses of the VPC.'),
  natGateways: amount(
    'nat_gateways',
    2,
    { unit: 'gateways', least: 1, most: 2 },
    'Ways out; with one, a lost zone cuts off both.',
  ),
  flowLogDays: oneOf('flow_log_days', 30, DAYS, 'How long the log of connections is kept.', 'days'),
};

const database = {
  minCapacity: amount(
    'database_min_acu',
    0.5,
    { unit: 'ACU', least: 0, most: 256, fraction: true },
    'Least capacity of an instance; 0 lets it sleep, which the worker never lets it.',
  ),
  maxCapacity: amount(
    'database_max_acu',
    16,
    { unit: 'ACU', least: 1, most: 256, fraction: true },
    'Most capacity of an instance.',
  ),
  readers: amount(
    'database_readers',
    1,
    { unit: 'instances', least: 0, most: 15 },
    'Replicas in another zone, one of which takes over.',
  ),
  backupDays: amount(
    'database_backup_days',
    14,
    { unit: 'days', least: 1, most: 35 },
    'How far back a restore to a moment reaches.',
  ),
  // The right value changes: CloudFormation cannot roll back the first creation of what it may not delete.
  deletionProtection: needed(
    'PikaiaData and PikaiaApp',
    toggle(
      'database_deletion_protection',
      undefined,
      'Refuses to delete the database and the load balancer: false until the first deployment has succeeded, true from then on.',
    ),
  ),
  proxy: toggle('database_proxy', false, 'RDS Proxy between the api and the database; the worker always connects directly.'),
};

const services = {
  image: optional(
    'image',
    'an image with its tag or digest',
    /^[\w.-]+(:\d+)?(\/[\w.-]+)+(:[\w.-]+|@sha256:[\da-f]{64})$/,
    'What runs; absent: docker/Dockerfile is built when deploying.',
  ),
  domain: needed(
    'PikaiaEvents and PikaiaApp',
    optional('domain', 'a host name', HOST, 'Where people reach the api; links in letters begin with it.'),
  ),
  certificateArn: needed(
    'PikaiaApp',
    optional(
      'certificate_arn',
      'an ARN of ACM',
      /^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
      'Certificate of the domain, in the same region.',
    ),
  ),
  apiCpu: oneOf('api_cpu', 512, CPU, 'Of a task of the api.', 'CPU units'),
  apiMemory: amount('api_memory', 1024, { unit: 'MiB', least: 512, most: 122_880 }, 'Of a task of the api.'),
  apiTasks: amount('api_tasks', 2, { unit: 'tasks', least: 1, most: 500 }, 'Least tasks of the api.'),
  apiTasksMost: amount('api_tasks_most', 10, { unit: 'tasks', least: 1, most: 500 }, 'Most tasks of the api.'),
  apiCpuTarget: amount(
    'api_cpu_target',
    60,
    { unit: 'percent', least: 10, most: 90 },
    'CPU of the api above which tasks are added.',
  ),
  apiPool: amount(
    'api_pool',
    10,
    { unit: 'connections', least: 1, most: 500 },
    'Connections of a task of the api to the database.',
  ),
  workerCpu: oneOf('worker_cpu', 512, CPU, 'Of a task of the worker.', 'CPU units'),
  workerMemory: amount('worker_memory', 1024, { unit: 'MiB', least: 512, most: 122_880 }, 'Of a task of the worker.'),
  workerTasks: amount(
    'worker_tasks',
    2,
    { unit: 'tasks', least: 1, most: 20 },
    'Workers: one leads the sink, the others stand by.',
  ),
  migrationMinutes: amount(
    'migration_minutes',
    14,
    { unit: 'minutes', least: 1, most: 14 },
    'How long a deployment waits for the migrations.',
  ),
  sessionJwksUrl: needed(
    'PikaiaApp',
    optional('session_jwks_url', 'an https URL', /^https:\/\/[^\s<>…]+$/, 'The keys of the provider of sessions.'),
  ),
  sessionIssuer: needed('PikaiaApp', optional('session_issuer', 'text', TEXT, 'The issuer that sessions must name.')),
  sessionAudience: needed('PikaiaApp', optional('session_audience', 'text', TEXT, 'The audience that sessions must name.')),
  sessionOperatorOrganization: optional(
    'session_operator_organization',
    'text',
    TEXT,
    'Whose people operate the platform, by its id at the provider; without it nobody does.',
  ),
  mailName: text(
    'mail_name',
    'Pikaia',
    'letters, digits and spaces',
    /^[\p{L}\p{N} ]{1,60}$/u,
    'The name that letters come from.',
  ),
  mailDomain: needed(
    'PikaiaEvents and PikaiaApp',
    optional('mail_domain', 'a domain', HOST, 'The domain that letters come from: the SES identity.'),
  ),
};

const events = {
  bus: text('event_bus', 'pikaia', 'a name of a bus', /^[\w.-]{1,200}$/, 'Name of the event bus.'),
  archiveDays: amount(
    'event_archive_days',
    14,
    { unit: 'days', least: 1, most: 3650 },
    'How long the bus keeps events for a replay.',
  ),
  queueDays: amount(
    'queue_days',
    7,
    { unit: 'days', least: 1, most: DEAD_LETTER_DAYS - LEAST_DEAD_LETTER_DAYS },
    'How long a message waits for its consumer; a dead letter is kept for 14 days from when its event was sent.',
  ),
  maxReceives: amount(
    'queue_max_receives',
    100,
    { unit: 'receives', least: 1, most: 1000 },
    'Receives before a message is a dead letter; SQS counts postponed ones too.',
  ),
  batch: amount('consumer_batch', 10, { unit: 'messages', least: 1, most: 10 }, 'Messages that a consumer gets at once.'),
  concurrency: amount(
    'consumer_concurrency',
    10,
    { unit: 'executions', least: 2, most: 1000 },
    'Executions of a consumer at the same time.',
  ),
  memory: amount(
    'consumer_memory',
    512,
    { unit: 'MiB', least: 256, most: 10_240 },
    'Of an execution of a consumer; its CPU grows with it.',
  ),
  timeoutSeconds: amount('consumer_timeout', 60, { unit: 'seconds', least: 5, most: 900 }, 'Longest execution of a consumer.'),
  bundles: optional(
    'consumer_bundles',
    'a folder',
    /^.+$/,
    'Where the bundles of the consumers are; absent: apps/consumers/dist.',
  ),
};

const logs = {
  days: oneOf('log_days', 30, DAYS, 'How long the logs of api, worker and consumers are kept.', 'days'),
  level: oneOf('log_level', 'info', ['debug', 'info', 'warning', 'error', 'critical'], 'Least severe level that is written.'),
};

const alarms = {
  email: optional(
    'alarm_email',
    'addresses, comma-separated',
    /^[^\s,@]+@[^\s,@]+(,[^\s,@]+@[^\s,@]+)*$/,
    'Who gets every alarm by e-mail.',
  ),
  https: optional(
    'alarm_https',
    'https URLs, comma-separated',
    /^https:\/\/[^\s,]+(,https:\/\/[^\s,]+)*$/,
    'What is called when an alarm changes: PagerDuty, a chat.',
  ),
  httpsGets: oneOf(
    'alarm_https_gets',
    'composite',
    ['composite', 'all'],
    'Whether the URLs get every alarm, or pikaia-service-degraded alone.',
  ),
};

/** Every setting there is, by the part that it concerns. infra/README.md lists them; a test compares. */
export const SETTINGS = { general, network, database, services, events, logs, alarms, thresholds: alarmThresholds };

export type Settings = { readonly [group in keyof typeof SETTINGS]: ValuesOf<(typeof SETTINGS)[group]> };

/**
 * The settings that a context gives, checked by themselves and together.
 *
 * @throws Error with a line for each problem.
 */
export const settingsOf = (context: Readonly<Record<string, unknown>>): Settings =>
  readSettings(SETTINGS, context, problemsAmong);
