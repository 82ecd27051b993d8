import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { eventMetrics, outboxMetric } from './metrics.ts';

export function outboxAlarms(thresholds: AlarmThresholds): AlarmDefinition[] {
  return [
    {
      name: 'pikaia-outbox-lag',
      means: `The oldest event has waited for more than ${thresholds.outboxLag} s, or no worker leads the sink.`,
      metric: outboxMetric(eventMetrics.oldestPending),
      comparison: 'above',
      threshold: thresholds.outboxLag,
      periods: thresholds.outboxLagPeriods,
      missing: TreatMissingData.BREACHING, // a leader reports 0 if there is no backlog, so missing data means that there is no leader
      pages: true,
    },
    {
      name: 'pikaia-outbox-leader-failing',
      means: 'A worker repeatedly becomes the leader of a sink and fails.',
      metric: outboxMetric(eventMetrics.leaderFailing),
      comparison: 'above',
      threshold: 0,
      periods: 2, // the metric is 1 after three failed terms in a row, and 0 after a term of 30 s
      missing: TreatMissingData.IGNORE, // pikaia-outbox-lag covers missing data
      pages: false, // pikaia-outbox-lag pages if users are affected
    },
    {
      name: 'pikaia-outbox-dead-letters',
      means: 'The outbox has dead letters: events that were not delivered and have not been replayed or skipped.',
      metric: outboxMetric(eventMetrics.failed),
      comparison: 'above',
      threshold: thresholds.outboxDeadLetters,
      periods: 1,
      missing: TreatMissingData.IGNORE, // dead letters remain while no leader counts them
      pages: false,
    },
  ];
}
