import type { MetricDefinition } from '@pikaia/logging';

/** The period of the metrics in seconds. Each process prints them at least once in it. Dashboards and alarms use it as their period. */
export const METRIC_PERIOD_SECONDS = 60;

/** The values of the dimension `service`: the worker prints the outbox metrics, the consumers print the consumer metrics. */
export const OUTBOX_METRICS_SERVICE = 'pikaia-outbox-worker';
export const CONSUMER_METRICS_SERVICE = 'pikaia-consumers';

const SINK_DIMENSIONS = [
  ['service', 'environment'],
  ['service', 'environment', 'sink'],
] as const;

const CONSUMER_DIMENSIONS = [
  ['service', 'environment'],
  ['service', 'environment', 'consumer'],
] as const;

/**
 * The metrics of the outbox and its consumers. The code that prints metrics, the dashboards and the alarms take names, units and
 * dimensions from here. This file contains only data, so infrastructure code can import it.
 *
 * Every worker prints the gauges of every registered sink that is not retired, whether a worker leads the sink or not, including
 * zeros. The values come from the database, so the maximum over the workers counts nothing twice. A series stops only if the sink
 * is retired or no worker runs.
 */
export const eventMetrics = {
  backlog: {
    name: 'outbox.backlog',
    kind: 'gauge',
    unit: 'Count',
    dimensions: SINK_DIMENSIONS,
    description: 'Events in the log that the sink has not received yet. The count stops at 10 001.',
  },
  oldestPending: {
    name: 'outbox.oldest_pending_seconds',
    kind: 'gauge',
    unit: 'Seconds',
    dimensions: SINK_DIMENSIONS,
    description: 'Age of the oldest event in the backlog; 0 without a backlog. The heartbeat of the workers.',
  },
  published: {
    name: 'outbox.published',
    kind: 'counter',
    unit: 'Count',
    dimensions: SINK_DIMENSIONS,
    description: 'Events that the sink has accepted since the previous line.',
  },
  failed: {
    name: 'outbox.failed',
    kind: 'gauge',
    unit: 'Count',
    dimensions: SINK_DIMENSIONS,
    description: 'Dead letters that no operator has replayed or skipped. The count stops at 10 001.',
  },
  unhandled: {
    name: 'outbox.unhandled',
    kind: 'gauge',
    unit: 'Count',
    dimensions: SINK_DIMENSIONS,
    description: 'Events that wait for a worker that handles their type and version. The count stops at 10 001.',
  },
  leaderless: {
    name: 'outbox.leaderless',
    kind: 'gauge',
    unit: 'Count',
    dimensions: SINK_DIMENSIONS,
    description: '1 while no worker has led the sink for OUTBOX_LEADERLESS_ALARM_MS; otherwise 0.',
  },
  leaderFailing: {
    name: 'outbox.leader_failing',
    kind: 'gauge',
    unit: 'Count',
    dimensions: SINK_DIMENSIONS,
    description: '1 while the leaders of a sink repeatedly start and fail; 0 after a term that lasts 30 s.',
  },
  publishLatency: {
    name: 'outbox.publish_latency',
    kind: 'distribution',
    unit: 'Milliseconds',
    dimensions: SINK_DIMENSIONS,
    description:
      'Time from the insert of an event until the sink accepts it, by the clock of the database. Replays are not included.',
  },
  consumerHandled: {
    name: 'consumer.handled',
    kind: 'counter',
    unit: 'Count',
    dimensions: CONSUMER_DIMENSIONS,
    description: 'Events that a consumer has handled, including events that it had already handled before.',
  },
  consumerFailed: {
    name: 'consumer.failed',
    kind: 'counter',
    unit: 'Count',
    dimensions: CONSUMER_DIMENSIONS,
    description: 'Failed attempts of a consumer. An event can have several.',
  },
  consumerPostponed: {
    name: 'consumer.postponed',
    kind: 'counter',
    unit: 'Count',
    dimensions: CONSUMER_DIMENSIONS,
    description: 'Attempts that ended because a service that the consumer needs was unreachable.',
  },
  consumerDuration: {
    name: 'consumer.duration',
    kind: 'distribution',
    unit: 'Milliseconds',
    dimensions: CONSUMER_DIMENSIONS,
    description: 'Duration of an attempt.',
  },
} as const satisfies Record<string, MetricDefinition>;
