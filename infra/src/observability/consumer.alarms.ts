import { MathExpression, Stats, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricDefinition } from '@pikaia/logging';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { consumerMetric, eventMetrics, FIFTEEN_MINUTES, MINUTE, ruleMetric } from './metrics.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

const MAX_METRICS = 10; // the limit of CloudWatch for one alarm

/** The alarms of the consumers that run in Lambdas. */
export function consumerAlarms({ events: { consumers, bus } }: MonitoredStacks, thresholds: AlarmThresholds): AlarmDefinition[] {
  if (!consumers.length) return []; // all run in the worker, where the alarms of the outbox cover them
  const maximum = { period: MINUTE, statistic: Stats.MAXIMUM };
  const common = { comparison: 'above', missing: TreatMissingData.NOT_BREACHING } as const; // SQS sends no data for an inactive queue
  return [
    {
      ...common,
      name: 'pikaia-consumer-dlq',
      means: 'A consumer has dead letters.',
      metric: combined(
        'SUM',
        'dead letters',
        consumers.map(({ deadLetters }) => deadLetters.metricApproximateNumberOfMessagesVisible(maximum)),
      ),
      threshold: thresholds.consumerDlq,
      periods: 1,
      pages: false,
    },
    {
      ...common,
      name: 'pikaia-consumer-lag',
      means: `A message has waited for its consumer for more than ${thresholds.consumerLag} s.`,
      metric: combined(
        'MAX',
        'oldest message, s',
        consumers.map(({ queue }) => queue.metricApproximateAgeOfOldestMessage(maximum)),
      ),
      threshold: thresholds.consumerLag,
      periods: thresholds.consumerLagPeriods,
      pages: true,
    },
    // A share over all consumers would hide one that fails behind one with many events.
    ...consumers.map(({ name }) => ({
      ...common,
      name: 'pikaia-consumer-failing',
      subject: name,
      means: `More than ${thresholds.consumerFailing} % of the attempts of ${name} fail.`,
      metric: failingAttempts(name),
      threshold: thresholds.consumerFailing,
      periods: thresholds.consumerFailingPeriods,
      pages: false,
    })),
    {
      ...common,
      name: 'pikaia-events-undelivered',
      means: 'A rule could not send events to its queue.',
      metric: combined(
        'SUM',
        'failed invocations',
        consumers.map((path) => ruleMetric('FailedInvocations', path.ruleName, bus.eventBusName)),
      ),
      threshold: thresholds.eventsUndelivered,
      periods: 1,
      pages: false,
    },
    {
      ...common,
      name: 'pikaia-events-lost',
      means: 'A rule could send events neither to its queue nor to its dead-letter queue.',
      metric: combined(
        'SUM',
        'lost events',
        consumers.map((path) => ruleMetric('InvocationsFailedToBeSentToDlq', path.ruleName, bus.eventBusName)),
      ),
      threshold: 0, // each is an event that a consumer never receives
      periods: 1,
      pages: true,
    },
    {
      ...common,
      name: 'pikaia-consumer-dlq-expiring',
      means: `A dead letter is older than ${thresholds.deadLetterDays} days. SQS will delete it soon.`,
      metric: combined(
        'MAX',
        'oldest dead letter, s',
        consumers.map(({ deadLetters }) => deadLetters.metricApproximateAgeOfOldestMessage(maximum)),
      ),
      threshold: thresholds.deadLetterDays * 86_400,
      periods: 1,
      pages: false,
    },
  ];
}

/**
 * The percentage of a consumer's attempts that fail or are postponed. The age of the oldest message does not show them, because SQS excludes a
 * message from that metric after three receives, and a consumer retries for hours before the message becomes a dead letter. The
 * delay between attempts is at most five minutes, so every period of a failing message has attempts.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
function failingAttempts(consumer: string): MathExpression {
  const failing = 'SUM([FILL(failed, 0), FILL(postponed, 0)])';
  const all = 'SUM([FILL(failed, 0), FILL(postponed, 0), FILL(handled, 0)])';
  const of = (definition: MetricDefinition): IMetric => consumerMetric(definition, consumer).with({ period: FIFTEEN_MINUTES });
  return new MathExpression({
    label: 'failing attempts, %',
    expression: `100 * ${failing} / (${all} + (${all} < 1))`,
    usingMetrics: {
      failed: of(eventMetrics.consumerFailed),
      postponed: of(eventMetrics.consumerPostponed),
      handled: of(eventMetrics.consumerHandled),
    },
    period: FIFTEEN_MINUTES,
  });
}

/** Combines several series into one. A series without data counts as 0. */
function combined(operation: 'SUM' | 'MAX', label: string, metrics: readonly IMetric[]): MathExpression {
  if (metrics.length > MAX_METRICS)
    throw new Error(`An alarm can have ${MAX_METRICS} metrics. For more consumers, split the alarm on ${label}.`);
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index + 1}`, metric]));
  const filled = Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`);
  return new MathExpression({ label, expression: `${operation}([${filled.join(', ')}])`, usingMetrics, period: MINUTE });
}
