import type { MetricDefinition } from '@pikaia/logging';

/** Seconds between two lines of a sink's leader, and so the period of dashboards and alarms. */
export const METRIC_PERIOD_SECONDS = 60;

/** The values of `service`: who prints which. */
export const OUTBOX_METRICS_SERVICE = 'pikaia-outbox-worker';
export const CONSUMER_METRICS_SERVICE = 'pikaia-consumers';

const OF_A_SINK = [
  ['service', 'environment'],
  ['service', 'environment', 'sink'],
] as const;

const OF_A_CONSUMER = [
  ['service', 'environment'],
  ['service', 'environment', 'consumer'],
] as const;

/**
 * The metrics of the outbox and of its consumers: what prints them, and the dashboards and alarms that read them, take
 * names, units and dimensions from here. Plain data, so that an infrastructure's code can import it.
 *
 * The leader of each sink prints the outbox's every METRIC_PERIOD_SECONDS, gauges and counts of 0 included: a series that
 * stops is a sink without a worker.
 */
export const eventMetrics = {
  backlog: {
    name: 'outbox.backlog',
    kind: 'gauge',
    unit: 'Count',
    dimensions: OF_A_SINK,
    description: 'Events of the log that are not handed over; counted up to 10 001.',
  },
  oldestPending: {
    name: 'outbox.oldest_pending_seconds',
    kind: 'gauge',
    unit: 'Seconds',
    dimensions: OF_A_SINK,
    description: 'How long ago the oldest of them was recorded; 0 without backlog. The heartbeat of a sink.',
  },
  published: {
    name: 'outbox.published',
    kind: 'counter',
    unit: 'Count',
    dimensions: OF_A_SINK,
    description: 'Events that the sink has accepted since the last line.',
  },
  failed: {
    name: 'outbox.failed',
    kind: 'gauge',
    unit: 'Count',
    dimensions: OF_A_SINK,
    description: 'Dead letters: events that were given up and about which nobody has decided; counted up to 10 001.',
  },
  leaderFailing: {
    name: 'outbox.leader_failing',
    kind: 'gauge',
    unit: 'Count',
    dimensions: OF_A_SINK,
    description: '1 while the leaders of a sink start and fail again and again; 0 after one that lasts for 30 s.',
  },
  publishLatency: {
    name: 'outbox.publish_latency',
    kind: 'distribution',
    unit: 'Milliseconds',
    dimensions: OF_A_SINK,
    description: 'From the moment at which an event was published to its acceptance by the sink; replays are left out.',
  },
  consumerHandled: {
    name: 'consumer.handled',
    kind: 'counter',
    unit: 'Count',
    dimensions: OF_A_CONSUMER,
    description: 'Events that a consumer has handled, those handled before included.',
  },
  consumerFailed: {
    name: 'consumer.failed',
    kind: 'counter',
    unit: 'Count',
    dimensions: OF_A_CONSUMER,
    description: 'Attempts of a consumer that failed; each event may have several.',
  },
  consumerPostponed: {
    name: 'consumer.postponed',
    kind: 'counter',
    unit: 'Count',
    dimensions: OF_A_CONSUMER,
    description: 'Attempts that ended because something that the consumer needs did not answer.',
  },
  consumerDuration: {
    name: 'consumer.duration',
    kind: 'distribution',
    unit: 'Milliseconds',
    dimensions: OF_A_CONSUMER,
    description: 'How long an attempt took.',
  },
} as const satisfies Record<string, MetricDefinition>;
