import { Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { LogField, METRIC_NAMESPACE } from '@pikaia/logging';
import type { Construct } from 'constructs';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { MINUTE } from './metrics.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

/** A log event that docs/log-events.md lists. A test checks this. */
export const RECORD_MISSING = 'audit_record_missing';

/** The alarm for missing audit records, with its metric filter. The filter can read the field because its name has no dot. */
export function auditAlarms(scope: Construct, { app }: MonitoredStacks, thresholds: AlarmThresholds): AlarmDefinition[] {
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
      means: 'A request changed data without an audit record.',
      metric: filter.metric({ period: MINUTE, statistic: Stats.SUM }),
      comparison: 'above',
      threshold: thresholds.auditMissing,
      periods: 1,
      missing: TreatMissingData.NOT_BREACHING,
      pages: false,
    },
  ];
}
