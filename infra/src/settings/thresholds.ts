import { MIN_DEAD_LETTER_DAYS } from './queue-times.ts';
import { numberSetting, type ValuesOf } from './setting.ts';

const PERCENT = { unit: 'percent', min: 1, max: 100 };
const periods = (key: string, defaultValue: number, of: string) =>
  numberSetting(key, defaultValue, { unit: `periods of ${of}`, min: 1, max: 60 }, 'Consecutive periods before the alarm.');

/** The thresholds of the alarms. `observability/` defines their names and metrics. */
export const alarmThresholds = {
  errorRate: numberSetting(
    'alarm_error_rate',
    5,
    { ...PERCENT, fraction: true, min: 0.1 },
    'Share of 5xx responses among all requests.',
  ),
  errorRatePeriods: periods('alarm_error_rate_periods', 2, '5 minutes'),
  errorRateRequests: numberSetting(
    'alarm_error_rate_requests',
    3,
    { unit: 'requests in 5 minutes', min: 1, max: 1_000_000 },
    'A period with fewer requests counts as one without errors.',
  ),
  latency: numberSetting(
    'alarm_latency',
    2,
    { unit: 'seconds', min: 0.05, max: 60, fraction: true },
    '99th percentile of the response time.',
  ),
  latencyPeriods: periods('alarm_latency_periods', 3, '1 minute'),
  healthyHosts: numberSetting(
    'alarm_healthy_hosts',
    1,
    { unit: 'tasks', min: 1, max: 500 },
    'Alarms below this number of healthy api tasks.',
  ),
  healthyHostsPeriods: periods('alarm_healthy_hosts_periods', 2, '1 minute'),
  ecsCpu: numberSetting('alarm_ecs_cpu', 85, PERCENT, 'CPU of the busiest task of either service.'),
  ecsCpuPeriods: periods('alarm_ecs_cpu_periods', 3, '1 minute'),
  ecsMemory: numberSetting('alarm_ecs_memory', 85, PERCENT, 'Memory of the largest task of either service.'),
  ecsMemoryPeriods: periods('alarm_ecs_memory_periods', 3, '1 minute'),
  dbCpu: numberSetting('alarm_db_cpu', 80, PERCENT, 'CPU of the busiest instance of the database.'),
  dbCpuPeriods: periods('alarm_db_cpu_periods', 3, '1 minute'),
  dbConnections: numberSetting(
    'alarm_db_connections',
    500,
    { unit: 'connections', min: 1, max: 5000 },
    'Connections to an instance of the database.',
  ),
  dbConnectionsPeriods: periods('alarm_db_connections_periods', 2, '1 minute'),
  dbXidAge: numberSetting(
    'alarm_db_xid_age',
    500_000_000,
    { unit: 'transactions', min: 200_000_000, max: 2_000_000_000 },
    'Age of the oldest unfrozen transaction ID. PostgreSQL stops accepting writes at about two billion.',
  ),
  dbXidAgePeriods: periods('alarm_db_xid_age_periods', 3, '5 minutes'),
  outboxLag: numberSetting(
    'alarm_outbox_lag',
    60,
    { unit: 'seconds', min: 5, max: 86_400 },
    'Age of the oldest event that has not been delivered.',
  ),
  outboxLagPeriods: periods('alarm_outbox_lag_periods', 2, '1 minute'),
  outboxDeadLetters: numberSetting(
    'alarm_outbox_dead_letters',
    0,
    { unit: 'events', min: 0, max: 10_000 },
    'Alarms above this number of dead letters in the outbox.',
  ),
  consumerDlq: numberSetting(
    'alarm_consumer_dlq',
    0,
    { unit: 'messages', min: 0, max: 10_000 },
    'Alarms above this number of dead letters of all consumers.',
  ),
  consumerLag: numberSetting(
    'alarm_consumer_lag',
    300,
    { unit: 'seconds', min: 10, max: 86_400 },
    'Age of the oldest message in the queue of a consumer.',
  ),
  consumerLagPeriods: periods('alarm_consumer_lag_periods', 2, '1 minute'),
  consumerFailing: numberSetting(
    'alarm_consumer_failing',
    20,
    PERCENT,
    'Share of failed and postponed attempts of all consumers.',
  ),
  consumerFailingPeriods: periods('alarm_consumer_failing_periods', 2, '15 minutes'),
  eventsUndelivered: numberSetting(
    'alarm_events_undelivered',
    0,
    { unit: 'events per minute', min: 0, max: 10_000 },
    'Alarms above this number of events that a rule could not send to its queue.',
  ),
  deadLetterDays: numberSetting(
    'alarm_consumer_dlq_days',
    4,
    { unit: 'days', min: 1, max: MIN_DEAD_LETTER_DAYS - 1 },
    'Alarms when a dead letter reaches this age. SQS keeps it for at least a week.',
  ),
  auditMissing: numberSetting(
    'alarm_audit_missing',
    0,
    { unit: 'requests per minute', min: 0, max: 10_000 },
    'Alarms above this number of requests that changed data without an audit record.',
  ),
  webhooksRefused: numberSetting(
    'alarm_webhooks_refused',
    2,
    { unit: 'deliveries per hour', min: 0, max: 10_000 },
    'Alarms above this number of webhooks of a provider with an invalid signature.',
  ),
  webhooksFailed: numberSetting(
    'alarm_webhooks_failed',
    0,
    { unit: 'deliveries in 5 minutes', min: 0, max: 10_000 },
    'Alarms above this number of webhooks of a provider that could not be handled.',
  ),
  webhookSilence: numberSetting(
    'alarm_webhook_silence',
    72,
    { unit: 'hours', min: 1, max: 720 },
    'Time without an event of a provider that had sent 100 in 35 days.',
  ),
  webhooksUnsent: numberSetting(
    'alarm_webhooks_unsent',
    300,
    { unit: 'seconds', min: 30, max: 86_400 },
    'Time for which a webhook has waited for a worker that sends it.',
  ),
};

export type AlarmThresholds = ValuesOf<typeof alarmThresholds>;
