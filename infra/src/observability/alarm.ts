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
  /** The alarm name, with the prefix `pikaia-`. Its runbook is docs/runbooks/<name>.md. */
  readonly name: string;
  /** What the alarm watches if there is one alarm for each, such as a consumer. The alarm is named `<name>-<subject>`. */
  readonly subject?: string;
  /** One sentence that says what has happened when the alarm goes off. */
  readonly means: string;
  /** The alarm uses the period of the metric: a shorter period has gaps, a longer one hides changes. */
  readonly metric: IMetric;
  readonly comparison: 'above' | 'below';
  readonly threshold: number;
  /** The number of consecutive periods that must breach the threshold. */
  readonly periods: number;
  readonly missing: TreatMissingData;
  /** Whether users are affected. The alarm is then part of pikaia-service-degraded. */
  readonly pages: boolean;
}

const RUNBOOKS = 'docs/runbooks';
const OPERATOR = { above: ComparisonOperator.GREATER_THAN_THRESHOLD, below: ComparisonOperator.LESS_THAN_THRESHOLD };

export const describe = (name: string, means: string): string => `${means} What to do: ${RUNBOOKS}/${name}.md`;

/**
 * Creates an alarm that notifies when it goes off and when it ends.
 *
 * Low-sample percentiles are always evaluated. With `ignore`, the state "does not change during periods with too few data points to be
 * statistically significant", which for p99 is 1,000 samples a period. At one request per second such an alarm would never go off.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
 */
export function createAlarm(scope: Construct, definition: AlarmDefinition, action: IAlarmAction): Alarm {
  const { name, subject, means, metric, comparison, threshold, periods, missing } = definition;
  const alarmName = subject === undefined ? name : `${name}-${subject}`;
  const alarm = new Alarm(scope, alarmName, {
    alarmName,
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

/** Creates an alarm whose state depends on other alarms. */
export function createCompositeAlarm(
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

/** A rule that is true while any of the alarms is on. Alarms that are added to the list later are included. */
export const anyOf = (alarms: readonly IAlarm[]): IAlarmRule => ({
  renderAlarmRule: () =>
    Lazy.string({
      produce: () => AlarmRule.anyOf(...alarms.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))).renderAlarmRule(),
    }),
});
