import { Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { LogField, METRIC_NAMESPACE } from '@pikaia/logging';
import type { Construct } from 'constructs';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { MINUTE } from './metrics.ts';
import type { Watched } from './watched.ts';

/** Of docs/log-events.md; a test compares. */
export const RECORD_MISSING = 'audit_record_missing';

/** A metric filter can read this field, since its name has no dot. */
export function auditAlarms(scope: Construct, { app }: Watched, at: AlarmThresholds): AlarmDefinition[] {
  const filter = new MetricFilter(scope, 'AuditRecordMissing', {
    logGroup: app.api.logs.group,
    filterName: RECORD_MISSING,
    filterPattern: FilterPattern.stringValue(`$.${LogField.event}`, '=', RECORD_MISSING),
    metricNamespace: METRIC_NAMESPACE,
    metricName: 'audit.record_missing',
    metricValue: '1',
    defaultValue: 0,
  });
  return [
    {
      name: 'pikaia-audit-record-missing',
      means: 'A request changed something and left no audit record.',
      metric: filter.metric({ period: MINUTE, statistic: Stats.SUM }),
      comparison: 'above',
      threshold: at.auditMissing,
      periods: 1,
      missing: TreatMissingData.NOT_BREACHING,
      pages: false,
    },
  ];
}
