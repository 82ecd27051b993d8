import { MathExpression, Stats, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { consumerTotal, eventMetrics, FIFTEEN_MINUTES, MINUTE, ruleMetric } from './metrics.ts';
import type { Watched } from './watched.ts';

const MOST_METRICS = 10; // of an alarm, as CloudWatch has it

export function consumerAlarms({ events: { consumers, bus } }: Watched, at: AlarmThresholds): AlarmDefinition[] {
  const most = { period: MINUTE, statistic: Stats.MAXIMUM };
  const usual = { comparison: 'above', missing: TreatMissingData.NOT_BREACHING } as const; // SQS says nothing of a queue at rest
  return [
    {
      ...usual,
      name: 'pikaia-consumer-dlq',
      means: 'A consumer has given up messages.',
      metric: over(
        'SUM',
        'dead letters',
        consumers.map(({ deadLetters }) => deadLetters.metricApproximateNumberOfMessagesVisible(most)),
      ),
      threshold: at.consumerDlq,
      periods: 1,
      pages: false,
    },
    {
      ...usual,
      name: 'pikaia-consumer-lag',
      means: `A message waits for its consumer for more than ${at.consumerLag} s.`,
      metric: over(
        'MAX',
        'oldest message, s',
        consumers.map(({ queue }) => queue.metricApproximateAgeOfOldestMessage(most)),
      ),
      threshold: at.consumerLag,
      periods: at.consumerLagPeriods,
      pages: true,
    },
    {
      ...usual,
      name: 'pikaia-consumer-failing',
      means: `More than ${at.consumerFailing} % of the attempts of consumers fail.`,
      metric: failingAttempts(),
      threshold: at.consumerFailing,
      periods: at.consumerFailingPeriods,
      pages: false,
    },
    {
      ...usual,
      name: 'pikaia-events-undelivered',
      means: 'A rule could not put events into its queue.',
      metric: over(
        'SUM',
        'failed invocations',
        consumers.map((path) => ruleMetric('FailedInvocations', path.ruleName, bus.eventBusName)),
      ),
      threshold: at.eventsUndelivered,
      periods: 1,
      pages: false,
    },
    {
      ...usual,
      name: 'pikaia-events-lost',
      means: 'A rule could put events neither into its queue nor into its dead letters.',
      metric: over(
        'SUM',
        'lost events',
        consumers.map((path) => ruleMetric('InvocationsFailedToBeSentToDlq', path.ruleName, bus.eventBusName)),
      ),
      threshold: 0, // one is an event that a consumer never gets
      periods: 1,
      pages: true,
    },
    {
      ...usual,
      name: 'pikaia-consumer-dlq-expiring',
      means: `A dead letter is older than ${at.deadLetterDays} days, and SQS deletes it soon.`,
      metric: over(
        'MAX',
        'oldest dead letter, s',
        consumers.map(({ deadLetters }) => deadLetters.metricApproximateAgeOfOldestMessage(most)),
      ),
      threshold: at.deadLetterDays * 86_400,
      periods: 1,
      pages: false,
    },
  ];
}

/**
 * Percent of the attempts that fail or are postponed. The age of the oldest message does not show them: SQS takes a message that
 * was received three times out of that metric, and a consumer retries for hours before its queue gives a message up. A pause
 * between attempts lasts five minutes at most, so each period of a message that keeps failing has attempts.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
function failingAttempts(): MathExpression {
  const failing = 'SUM([FILL(failed, 0), FILL(postponed, 0)])';
  const all = 'SUM([FILL(failed, 0), FILL(postponed, 0), FILL(handled, 0)])';
  return new MathExpression({
    label: 'failing attempts, %',
    expression: `100 * ${failing} / (${all} + (${all} < 1))`,
    usingMetrics: {
      failed: consumerTotal(eventMetrics.consumerFailed, FIFTEEN_MINUTES),
      postponed: consumerTotal(eventMetrics.consumerPostponed, FIFTEEN_MINUTES),
      handled: consumerTotal(eventMetrics.consumerHandled, FIFTEEN_MINUTES),
    },
    period: FIFTEEN_MINUTES,
  });
}

/** One series of several, where one that is silent counts as 0. */
function over(operation: 'SUM' | 'MAX', label: string, metrics: readonly IMetric[]): MathExpression {
  if (metrics.length > MOST_METRICS)
    throw new Error(`An alarm takes ${MOST_METRICS} metrics: with more consumers, make two of ${label}.`);
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index + 1}`, metric]));
  const filled = Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`);
  return new MathExpression({ label, expression: `${operation}([${filled.join(', ')}])`, usingMetrics, period: MINUTE });
}
