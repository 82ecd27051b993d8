import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { webhookSendingMetric, webhookSendingMetrics } from './metrics.ts';

/**
 * The alarms of outgoing webhooks. They cover faults of ours alone: a receiver that fails is the concern of its organization, which sees
 * the attempts and gets an event when its endpoint is disabled.
 */
export function webhookSendingAlarms(thresholds: AlarmThresholds): AlarmDefinition[] {
  const common = { comparison: 'above', pages: false, missing: TreatMissingData.NOT_BREACHING } as const;
  return [
    {
      ...common,
      name: 'pikaia-webhooks-unsent',
      means: `A webhook has waited for more than ${thresholds.webhooksUnsent} s for a worker that sends it.`,
      metric: webhookSendingMetric(webhookSendingMetrics.oldestDue),
      threshold: thresholds.webhooksUnsent,
      periods: 2,
    },
    {
      ...common,
      name: 'pikaia-webhooks-blocked',
      means: 'Webhooks are not sent, because the secret of their endpoint cannot be decrypted.',
      metric: webhookSendingMetric(webhookSendingMetrics.blocked),
      threshold: 0,
      periods: 1,
    },
  ];
}
