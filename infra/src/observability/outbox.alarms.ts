import { Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { eventMetrics, outboxMetric, outboxMetricBySink } from './metrics.ts';

/**
 * The alarms of the outbox. Each alarm evaluates every sink separately, so healthy sinks do not hide another one. Only
 * pikaia-outbox-no-worker covers missing data: any worker reports all sinks, so a series is missing only if all are.
 */
export function outboxAlarms(thresholds: AlarmThresholds): AlarmDefinition[] {
  return [
    {
      name: 'pikaia-outbox-lag',
      means: `The oldest event of a sink has waited for more than ${thresholds.outboxLag} s.`,
      metric: outboxMetricBySink(eventMetrics.oldestPending),
      comparison: 'above',
      threshold: thresholds.outboxLag,
      periods: thresholds.outboxLagPeriods,
      missing: TreatMissingData.NOT_BREACHING,
      pages: true,
    },
    {
      name: 'pikaia-outbox-no-worker',
      means: 'No worker reports the outbox, so no event is delivered.',
      metric: outboxMetric(eventMetrics.oldestPending, Stats.SAMPLE_COUNT),
      comparison: 'below',
      threshold: 1,
      periods: thresholds.outboxLagPeriods,
      missing: TreatMissingData.BREACHING,
      pages: true,
    },
    {
      name: 'pikaia-outbox-no-leader',
      means: 'A sink has no leader, so none of its events is delivered.',
      metric: outboxMetricBySink(eventMetrics.leaderless),
      comparison: 'above',
      threshold: 0,
      periods: 1, // the metric is 1 only after OUTBOX_LEADERLESS_ALARM_MS
      missing: TreatMissingData.NOT_BREACHING,
      pages: false, // pikaia-outbox-lag pages if events wait
    },
    {
      name: 'pikaia-outbox-leader-failing',
      means: 'A worker repeatedly becomes the leader of a sink and fails.',
      metric: outboxMetricBySink(eventMetrics.leaderFailing),
      comparison: 'above',
      threshold: 0,
      periods: 2, // the metric is 1 after three failed terms in a row, and 0 after a term of 30 s
      missing: TreatMissingData.IGNORE,
      pages: false, // pikaia-outbox-lag pages if users are affected
    },
    {
      name: 'pikaia-outbox-dead-letters',
      means: 'A sink has dead letters: events that were not delivered and have not been replayed or skipped.',
      metric: outboxMetricBySink(eventMetrics.failed),
      comparison: 'above',
      threshold: thresholds.outboxDeadLetters,
      periods: 1,
      missing: TreatMissingData.IGNORE, // dead letters remain while no worker counts them
      pages: false,
    },
    {
      name: 'pikaia-outbox-unhandled',
      means: 'Events have waited for half an hour for a worker that handles their type and version.',
      metric: outboxMetricBySink(eventMetrics.unhandled),
      comparison: 'above',
      threshold: 0,
      periods: 30, // longer than a rolling deployment
      missing: TreatMissingData.IGNORE, // the events remain while no worker counts them
      pages: false,
    },
  ];
}
