import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { FIVE_MINUTES, webhookMetricBySource, webhookMetrics } from './metrics.ts';

/** The alarms of incoming webhooks. Each evaluates every provider separately. */
export function webhookAlarms(thresholds: AlarmThresholds): AlarmDefinition[] {
  const common = { comparison: 'above', periods: 1, pages: false } as const;
  return [
    {
      ...common,
      name: 'pikaia-webhooks-refused',
      means: `More than ${thresholds.webhooksRefused} deliveries of a provider in an hour have an invalid signature.`,
      // An hour, because a provider delivers an event with a wrong secret again only after some minutes.
      metric: webhookMetricBySource(webhookMetrics.refused, Duration.hours(1)),
      threshold: thresholds.webhooksRefused,
      missing: TreatMissingData.NOT_BREACHING,
    },
    {
      ...common,
      name: 'pikaia-webhooks-failing',
      means: `More than ${thresholds.webhooksFailed} deliveries of a provider in five minutes could not be handled.`,
      metric: webhookMetricBySource(webhookMetrics.failed, FIVE_MINUTES),
      threshold: thresholds.webhooksFailed,
      missing: TreatMissingData.NOT_BREACHING,
    },
    {
      ...common,
      name: 'pikaia-webhooks-silent',
      means: `A provider that used to send events every day has sent none for ${thresholds.webhookSilence} hours.`,
      metric: webhookMetricBySource(webhookMetrics.silence),
      threshold: thresholds.webhookSilence * 3_600,
      missing: TreatMissingData.NOT_BREACHING, // a provider that sends little is not measured
    },
  ];
}
