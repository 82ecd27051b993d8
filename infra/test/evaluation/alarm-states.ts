import { compute, type Assumption, type Series } from './metric-math.ts';

export type State = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** An alarm as it stands in a template. */
export interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly ComparisonOperator: string;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: string;
  readonly EvaluateLowSampleCountPercentile?: string;
  readonly AlarmActions: readonly unknown[];
  readonly OKActions: readonly unknown[];
  readonly Period?: number;
  readonly MetricName?: string;
  readonly Namespace?: string;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Metrics?: readonly MetricEntry[];
}

export interface MetricEntry {
  readonly Id: string;
  readonly Expression?: string;
  readonly ReturnData?: boolean;
  readonly Period?: number;
  readonly MetricStat?: {
    readonly Period: number;
    readonly Stat: string;
    readonly Metric: { readonly MetricName: string; readonly Namespace: string };
  };
}

const EXTRA_PERIODS = 2; // how far back CloudWatch looks for points beyond those that it needs, as in its documentation's examples
const BREACHES: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
};

/** The state of an alarm after each period of the given series, which are those of its metrics by id; `metric` where it has but one. */
export function statesOf(alarm: AlarmProperties, series: Readonly<Record<string, Series>>, assumption: Assumption): State[] {
  const values = valuesOf(alarm, series, assumption);
  const breaches = BREACHES[alarm.ComparisonOperator];
  if (!breaches) throw new Error(`${alarm.ComparisonOperator} is not known here`);
  let state: State = 'INSUFFICIENT_DATA';
  const range = alarm.EvaluationPeriods + EXTRA_PERIODS;
  return values.map((_, now) => {
    const points = values.slice(Math.max(0, now + 1 - range), now + 1);
    const looked = [...Array<null>(range - points.length).fill(null), ...points];
    state = nextState(
      looked.map((value) => (value === null ? null : breaches(value, alarm.Threshold))),
      { needed: alarm.EvaluationPeriods, breaching: alarm.DatapointsToAlarm, missing: alarm.TreatMissingData, before: state },
    );
    return state;
  });
}

function valuesOf(alarm: AlarmProperties, series: Readonly<Record<string, Series>>, assumption: Assumption): Series {
  if (!alarm.Metrics) return series['metric']!;
  const shown = alarm.Metrics.filter(({ ReturnData }) => ReturnData !== false);
  if (shown.length !== 1 || !shown[0]!.Expression) throw new Error(`${alarm.AlarmName} must return one expression`);
  return compute(shown[0]!.Expression, series, assumption);
}

export interface Rule {
  readonly needed: number;
  readonly breaching: number;
  readonly missing: string;
  readonly before: State;
}

/**
 * What CloudWatch makes of the points that it looks at, the latest last: breaching, not, or missing.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function nextState(points: readonly (boolean | null)[], { needed, breaching, missing, before }: Rule): State {
  const real = points.filter((point) => point !== null);
  const decided = (among: readonly boolean[]): State => (among.filter(Boolean).length >= breaching ? 'ALARM' : 'OK');
  if (real.length >= needed) return decided(real.slice(-needed));
  const lacking = Array<boolean>(needed - real.length);
  switch (missing) {
    case 'breaching':
      return decided([...real, ...lacking.fill(true)]);
    case 'notBreaching':
      return decided([...real, ...lacking.fill(false)]);
    case 'ignore':
      return real.every(Boolean) ? before : decided(real);
    default:
      throw new Error(`treating missing data as ${missing} is not known here`);
  }
}
