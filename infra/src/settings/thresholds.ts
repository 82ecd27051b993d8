import { LEAST_DEAD_LETTER_DAYS } from './queue-times.ts';
import { amount, type ValuesOf } from './setting.ts';

const PERCENT = { unit: 'percent', least: 1, most: 100 };
const periods = (key: string, standard: number, of: string) =>
  amount(key, standard, { unit: `periods of ${of}`, least: 1, most: 60 }, 'How many in a row before it alarms.');

/** When each alarm goes off. The names of the alarms and how they are computed are in `observability/`. */
export const alarmThresholds = {
  errorRate: amount('alarm_error_rate', 5, { ...PERCENT, fraction: true, least: 0.1 }, 'Share of 5xx among the requests.'),
  errorRatePeriods: periods('alarm_error_rate_periods', 2, '5 minutes'),
  errorRateRequests: amount(
    'alarm_error_rate_requests',
    3,
    { unit: 'requests in 5 minutes', least: 1, most: 1_000_000 },
    'A period with fewer requests than these counts as one without errors.',
  ),
  latency: amount(
    'alarm_latency',
    2,
    { unit: 'seconds', least: 0.05, most: 60, fraction: true },
    'Response time of the slowest in a hundred.',
  ),
  latencyPeriods: periods('alarm_latency_periods', 3, '1 minute'),
  healthyHosts: amount(
    'alarm_healthy_hosts',
    1,
    { unit: 'tasks', least: 1, most: 500 },
    'Fewer healthy tasks of the api than these.',
  ),
  healthyHostsPeriods: periods('alarm_healthy_hosts_periods', 2, '1 minute'),
  ecsCpu: amount('alarm_ecs_cpu', 85, PERCENT, 'CPU of the busiest task of either service.'),
  ecsCpuPeriods: periods('alarm_ecs_cpu_periods', 3, '1 minute'),
  ecsMemory: amount('alarm_ecs_memory', 85, PERCENT, 'Memory of the largest task of either service.'),
  ecsMemoryPeriods: periods('alarm_ecs_memory_periods', 3, '1 minute'),
  dbCpu: amount('alarm_db_cpu', 80, PERCENT, 'CPU of the busiest instance of the database.'),
  dbCpuPeriods: periods('alarm_db_cpu_periods', 3, '1 minute'),
  dbConnections: amount(
    'alarm_db_connections',
    500,
    { unit: 'connections', least: 1, most: 5000 },
    'Connections to an instance of the database.',
  ),
  dbConnectionsPeriods: periods('alarm_db_connections_periods', 2, '1 minute'),
  dbXidAge: amount(
    'alarm_db_xid_age',
    500_000_000,
    { unit: 'transactions', least: 200_000_000, most: 2_000_000_000 },
    'Age of the oldest transaction id that is not frozen; at two thousand million PostgreSQL stops writing.',
  ),
  dbXidAgePeriods: periods('alarm_db_xid_age_periods', 3, '5 minutes'),
  outboxLag: amount(
    'alarm_outbox_lag',
    60,
    { unit: 'seconds', least: 5, most: 86_400 },
    'Age of the oldest event that is not handed over.',
  ),
  outboxLagPeriods: periods('alarm_outbox_lag_periods', 2, '1 minute'),
  outboxDeadLetters: amount(
    'alarm_outbox_dead_letters',
    0,
    { unit: 'events', least: 0, most: 10_000 },
    'More dead letters of the outbox than these.',
  ),
  consumerDlq: amount(
    'alarm_consumer_dlq',
    0,
    { unit: 'messages', least: 0, most: 10_000 },
    'More dead letters of all consumers than these.',
  ),
  consumerLag: amount(
    'alarm_consumer_lag',
    300,
    { unit: 'seconds', least: 10, most: 86_400 },
    'Age of the oldest message that waits for a consumer.',
  ),
  consumerLagPeriods: periods('alarm_consumer_lag_periods', 2, '1 minute'),
  consumerFailing: amount('alarm_consumer_failing', 20, PERCENT, 'Share of failed and postponed attempts of all consumers.'),
  consumerFailingPeriods: periods('alarm_consumer_failing_periods', 2, '15 minutes'),
  eventsUndelivered: amount(
    'alarm_events_undelivered',
    0,
    { unit: 'events a minute', least: 0, most: 10_000 },
    'More events than these that a rule could not put into its queue.',
  ),
  deadLetterDays: amount(
    'alarm_consumer_dlq_days',
    4,
    { unit: 'days', least: 1, most: LEAST_DEAD_LETTER_DAYS - 1 },
    'Age at which a dead letter is about to be lost; it is kept for a week at least.',
  ),
  auditMissing: amount(
    'alarm_audit_missing',
    0,
    { unit: 'requests a minute', least: 0, most: 10_000 },
    'More requests than these that changed something and left no audit record.',
  ),
};

export type AlarmThresholds = ValuesOf<typeof alarmThresholds>;
