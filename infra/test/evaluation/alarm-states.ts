import { compute, type Assumption, type Series } from './metric-math.ts';

/** The samples of each period. The evaluation of a percentile depends on their number. */
export type Samples = readonly (readonly number[])[];

export type State = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** The properties of an alarm in a template. */
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
  readonly Metrics?: readonly MetricEntry[] | undefined;
}

export interface MetricEntry {
  readonly Id: string;
  readonly Expression?: string;
  readonly ReturnData?: boolean;
  readonly Period?: number;
  readonly MetricStat?: {
    readonly Period: number;
    readonly Stat: string;
    readonly Metric: {
      readonly MetricName: string;
      readonly Namespace: string;
      readonly Dimensions?: AlarmProperties['Dimensions'];
    };
  };
}

const EXTRA_PERIODS = 2; // additional earlier points that CloudWatch evaluates, as in the examples of its documentation
const QUERY =
  /^SELECT (?<statistic>MAX|SUM)\("(?<metric>[\w.]+)"\) FROM SCHEMA\("(?<namespace>\w+)"(?<schema>(?:, "\w+")+)\) WHERE (?<where>"\w+" = '[^']*'(?: AND "\w+" = '[^']*')*) GROUP BY "(?<group>\w+)" ORDER BY \k<statistic>\(\) DESC$/;
const BREACHES: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
};

/**
 * The state of an alarm after each period. `given` has the series of its metrics by ID, or under `metric` if there is only one.
 * An alarm on a percentile takes the samples of each period instead. An alarm on a query takes one series for each value of the
 * dimension by which it groups, and is on while any of them is.
 *
 * @throws Error if the alarm has a property that is not modeled here
 */
export function statesOf(
  alarm: AlarmProperties,
  given: Readonly<Record<string, Series | Samples>>,
  assumption: Assumption,
): State[] {
  if (queryOf(alarm)) {
    const each = Object.values(given).map((metric) => statesOf({ ...alarm, Metrics: undefined }, { metric }, assumption));
    return each[0]!.map((_, now) => (each.some((states) => states[now] === 'ALARM') ? 'ALARM' : 'OK'));
  }
  const { values, tooFew } = alarm.ExtendedStatistic ? percentiles(alarm, given['metric']!) : seriesOf(alarm, given, assumption);
  const breaches = BREACHES[alarm.ComparisonOperator];
  if (!breaches) throw new Error(`${alarm.ComparisonOperator} is not known here`);
  let state: State = 'INSUFFICIENT_DATA';
  const range = alarm.EvaluationPeriods + EXTRA_PERIODS;
  return values.map((_, now) => {
    if (tooFew[now]) return state;
    const points = values.slice(Math.max(0, now + 1 - range), now + 1);
    const looked = [...Array<null>(range - points.length).fill(null), ...points];
    state = nextState(
      looked.map((value) => (value === null ? null : breaches(value, alarm.Threshold))),
      { needed: alarm.EvaluationPeriods, breaching: alarm.DatapointsToAlarm, missing: alarm.TreatMissingData, before: state },
    );
    return state;
  });
}

export interface Query {
  readonly statistic: string;
  readonly metricName: string;
  readonly namespace: string;
  readonly schema: readonly string[];
  readonly where: Readonly<Record<string, string>>;
  readonly groupBy: string;
}

/**
 * The Metrics Insights query of an alarm. Undefined if the alarm has none. An alarm evaluates each series separately if the query
 * has GROUP BY and ORDER BY.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Metrics_Insights_Alarm.html
 * @throws Error if the query has another form
 */
export function queryOf({ AlarmName, Metrics }: Pick<AlarmProperties, 'AlarmName' | 'Metrics'>): Query | undefined {
  const text = Metrics?.find(({ Expression }) => Expression?.startsWith('SELECT'))?.Expression;
  if (text === undefined) return undefined;
  if (Metrics!.length > 1) throw new Error(`${AlarmName} combines a query with other metrics`);
  const found = QUERY.exec(text)?.groups;
  if (!found) throw new Error(`${AlarmName} has a query that is not known here: ${text}`);
  const where = [...found['where']!.matchAll(/"(\w+)" = '([^']*)'/g)].map(([, name, value]) => [name!, value!]);
  return {
    statistic: found['statistic']!,
    metricName: found['metric']!,
    namespace: found['namespace']!,
    schema: [...found['schema']!.matchAll(/\w+/g)].map(([name]) => name),
    where: Object.fromEntries(where) as Record<string, string>,
    groupBy: found['group']!,
  };
}

interface Values {
  readonly values: Series;
  /** The periods that do not change the state. */
  readonly tooFew: readonly boolean[];
}

function seriesOf(alarm: AlarmProperties, given: Readonly<Record<string, Series | Samples>>, assumption: Assumption): Values {
  const series = given as Readonly<Record<string, Series>>;
  if (Object.values(series).flat().some(Array.isArray))
    throw new Error(`${alarm.AlarmName} has no percentile: it takes no samples`);
  if (!alarm.Metrics) return { values: series['metric']!, tooFew: [] };
  const shown = alarm.Metrics.filter(({ ReturnData }) => ReturnData !== false);
  if (shown.length !== 1 || !shown[0]!.Expression) throw new Error(`${alarm.AlarmName} must return one expression`);
  return { values: compute(shown[0]!.Expression, series, assumption), tooFew: [] };
}

/**
 * The percentile of each period. With `ignore`, a period with too few samples does not change the state. Too few means fewer than
 * 10/(1-percentile) for a percentile of at least 0.5, and fewer than 10/percentile below.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
 */
function percentiles(alarm: AlarmProperties, samples: Series | Samples): Values {
  const { AlarmName, ExtendedStatistic, EvaluateLowSampleCountPercentile: few } = alarm;
  const share = Number(/^p(\d+(?:\.\d+)?)$/.exec(ExtendedStatistic!)?.[1]) / 100;
  if (!(share > 0 && share < 1)) throw new Error(`${ExtendedStatistic} is not known here`);
  if (few !== 'evaluate' && few !== 'ignore') throw new Error(`${AlarmName} must say what few samples mean`);
  const needed = share >= 0.5 ? 10 / (1 - share) : 10 / share;
  const periods = samples.map((period) => {
    if (!Array.isArray(period)) throw new Error(`${AlarmName} has a percentile: it takes the samples of each period`);
    return [...(period as readonly number[])].sort((one, other) => one - other);
  });
  return {
    values: periods.map((period) => period[Math.ceil(share * period.length) - 1] ?? null),
    tooFew: periods.map((period) => few === 'ignore' && period.length > 0 && period.length < needed),
  };
}

export interface Rule {
  readonly needed: number;
  readonly breaching: number;
  readonly missing: string;
  readonly before: State;
}

/**
 * The state that CloudWatch derives from the evaluated points, the latest last. A point is breaching, not breaching or missing.
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
