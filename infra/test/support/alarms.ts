import assert from 'node:assert/strict';
import { statesOf, type AlarmProperties, type Samples, type State } from '../evaluation/alarm-states.ts';
import { ASSUMPTIONS, type Series } from '../evaluation/metric-math.ts';
import { defaults, resourcesOf, type Synthesis } from './synthesis.ts';

export const alarmsOf = ({ templates }: Synthesis): AlarmProperties[] =>
  resourcesOf(templates.PikaiaObservability, 'AWS::CloudWatch::Alarm').map(
    ({ Properties }) => Properties as unknown as AlarmProperties,
  );
export const alarms = (): AlarmProperties[] => alarmsOf(defaults());
export const alarm = (name: string): AlarmProperties => alarms().find(({ AlarmName }) => AlarmName === name)!;
export const periodOf = ({ Period, Metrics }: AlarmProperties): number[] =>
  Metrics ? Metrics.flatMap(({ MetricStat, Period: own }) => MetricStat?.Period ?? own ?? []) : [Period!];
/** The name of the runbook that the description of an alarm links to. */
export const runbookOf = ({ AlarmDescription }: Pick<AlarmProperties, 'AlarmDescription'>): string | undefined =>
  /^\S.{20,} What to do: docs\/runbooks\/([\w-]+)\.md$/.exec(AlarmDescription)?.[1];

/**
 * The states of an alarm after each period. The key of a series is `metric`, or an ID of the expression if there are several, or a
 * sink if the alarm evaluates each sink.
 */
export function states(name: string, series: Record<string, Series | Samples>): State[] {
  const [one, other] = ASSUMPTIONS.map((assumption) => statesOf(alarm(name), series, assumption));
  assert.deepEqual(one, other, 'what is concluded depends on what CloudWatch does not document');
  return one!;
}

export const last = (name: string, series: Record<string, Series | Samples>): State => states(name, series).at(-1)!;
