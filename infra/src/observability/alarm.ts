import { Lazy } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  type IAlarmAction,
  type IAlarmRule,
  type IMetric,
  type TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

export interface AlarmDefinition {
  /** With `pikaia-` before it; its page is docs/runbooks/<name>.md. */
  readonly name: string;
  /** What has happened when it goes off, in a sentence. */
  readonly means: string;
  /** Its period is the metric's own: a shorter one has gaps, a longer one hides. */
  readonly metric: IMetric;
  readonly comparison: 'above' | 'below';
  readonly threshold: number;
  /** How many periods in a row. */
  readonly periods: number;
  readonly missing: TreatMissingData;
  /** Whether users notice, so that it is part of pikaia-service-degraded. */
  readonly pages: boolean;
}

const RUNBOOKS = 'docs/runbooks';
const OPERATOR = { above: ComparisonOperator.GREATER_THAN_THRESHOLD, below: ComparisonOperator.LESS_THAN_THRESHOLD };

export const describe = (name: string, means: string): string => `${means} What to do: ${RUNBOOKS}/${name}.md`;

/**
 * An alarm that notifies when it begins and when it ends.
 *
 * A percentile is always evaluated. With `ignore`, the state "does not change during periods with too few data points to be
 * statistically significant", which for p99 is 1,000 samples a period: at one request a second such an alarm is never raised.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
 */
export function makeAlarm(scope: Construct, definition: AlarmDefinition, action: IAlarmAction): Alarm {
  const { name, means, metric, comparison, threshold, periods, missing } = definition;
  const alarm = new Alarm(scope, name, {
    alarmName: name,
    alarmDescription: describe(name, means),
    metric,
    comparisonOperator: OPERATOR[comparison],
    threshold,
    evaluationPeriods: periods,
    datapointsToAlarm: periods,
    treatMissingData: missing,
    ...(isPercentile(metric) && { evaluateLowSampleCountPercentile: 'evaluate' }),
  });
  alarm.addAlarmAction(action);
  alarm.addOkAction(action);
  return alarm;
}

const isPercentile = (metric: IMetric): boolean => /^p\d/.test(metric.toMetricConfig().metricStat?.statistic ?? '');

/** One that follows from others. */
export function makeComposite(
  scope: Construct,
  name: string,
  means: string,
  rule: IAlarmRule,
  action: IAlarmAction,
): CompositeAlarm {
  const alarm = new CompositeAlarm(scope, name, {
    compositeAlarmName: name,
    alarmDescription: describe(name, means),
    alarmRule: rule,
  });
  alarm.addAlarmAction(action);
  alarm.addOkAction(action);
  return alarm;
}

/** On while one of them is; they may still be added to the list. */
export const anyOf = (alarms: readonly IAlarm[]): IAlarmRule => ({
  renderAlarmRule: () =>
    Lazy.string({
      produce: () => AlarmRule.anyOf(...alarms.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))).renderAlarmRule(),
    }),
});
