import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { eventMetrics, outboxMetric } from './metrics.ts';

export function outboxAlarms(at: AlarmThresholds): AlarmDefinition[] {
  return [
    {
      name: 'pikaia-outbox-lag',
      means: `The oldest event waits for more than ${at.outboxLag} s, or no worker leads the sink.`,
      metric: outboxMetric(eventMetrics.oldestPending),
      comparison: 'above',
      threshold: at.outboxLag,
      periods: at.outboxLagPeriods,
      missing: TreatMissingData.BREACHING, // a leader says 0 when nothing waits: silence is its absence
      pages: true,
    },
    {
      name: 'pikaia-outbox-leader-failing',
      means: 'A worker starts to lead a sink and fails, again and again.',
      metric: outboxMetric(eventMetrics.leaderFailing),
      comparison: 'above',
      threshold: 0,
      periods: 2, // the metric says 1 after three terms in a row, and 0 after one that lasts for 30 s
      missing: TreatMissingData.IGNORE, // silence is for pikaia-outbox-lag
      pages: false, // users notice the lag
    },
    {
      name: 'pikaia-outbox-dead-letters',
      means: 'Events were given up, and nobody has decided about them.',
      metric: outboxMetric(eventMetrics.failed),
      comparison: 'above',
      threshold: at.outboxDeadLetters,
      periods: 1,
      missing: TreatMissingData.IGNORE, // they do not go away while nobody counts them
      pages: false,
    },
  ];
}
