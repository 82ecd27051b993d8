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
  /** Of a percentile: whether few samples say something. */
  readonly lowSamples?: 'ignore';
  /** Whether users notice, so that it is part of pikaia-service-degraded. */
  readonly pages: boolean;
}

const RUNBOOKS = 'docs/runbooks';
const OPERATOR = { above: ComparisonOperator.GREATER_THAN_THRESHOLD, below: ComparisonOperator.LESS_THAN_THRESHOLD };

export const describe = (name: string, means: string): string => `${means} What to do: ${RUNBOOKS}/${name}.md`;

/** An alarm that tells of its beginning and of its end. */
export function makeAlarm(scope: Construct, definition: AlarmDefinition, action: IAlarmAction): Alarm {
  const { name, means, metric, comparison, threshold, periods, missing, lowSamples } = definition;
  const alarm = new Alarm(scope, name, {
    alarmName: name,
    alarmDescription: describe(name, means),
    metric,
    comparisonOperator: OPERATOR[comparison],
    threshold,
    evaluationPeriods: periods,
    datapointsToAlarm: periods,
    treatMissingData: missing,
    ...(lowSamples && { evaluateLowSampleCountPercentile: lowSamples }),
  });
  alarm.addAlarmAction(action);
  alarm.addOkAction(action);
  return alarm;
}

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
