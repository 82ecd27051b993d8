import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventMetrics, METRIC_PERIOD_SECONDS } from '@pikaia/events/metrics';
import { METRIC_NAMESPACE } from '@pikaia/logging';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { outboxMetric } from '../src/observability/metrics.ts';
import { statesOf, type AlarmProperties, type Samples, type State } from './evaluation/alarm-states.ts';
import { ASSUMPTIONS, type Series } from './evaluation/metric-math.ts';
import { defaults, resourcesOf, synthesise } from './support/synthesis.ts';

const COMPOSITE = 'pikaia-service-degraded';
const alarms = (): AlarmProperties[] =>
  resourcesOf(defaults().templates.PikaiaObservability, 'AWS::CloudWatch::Alarm').map(
    ({ Properties }) => Properties as unknown as AlarmProperties,
  );
const alarm = (name: string): AlarmProperties => alarms().find(({ AlarmName }) => AlarmName === name)!;
const periodOf = ({ Period, Metrics }: AlarmProperties): number[] =>
  Metrics ? Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Period] : [])) : [Period!];

/** What an alarm says after each period; `name` of `metric` where it has but one, ids of its expression otherwise. */
function states(name: string, series: Record<string, Series | Samples>): State[] {
  const [one, other] = ASSUMPTIONS.map((assumption) => statesOf(alarm(name), series, assumption));
  assert.deepEqual(one, other, 'what is concluded depends on what CloudWatch does not document');
  return one!;
}

const last = (name: string, series: Record<string, Series | Samples>): State => states(name, series).at(-1)!;

describe('the alarms', () => {
  const expected: Record<string, [comparison: string, threshold: number, periods: number, seconds: number, missing: string]> = {
    'pikaia-high-error-rate': ['GreaterThanThreshold', 5, 2, 300, 'notBreaching'],
    'pikaia-high-latency': ['GreaterThanThreshold', 2, 3, 60, 'notBreaching'],
    'pikaia-unhealthy-hosts': ['LessThanThreshold', 1, 2, 60, 'breaching'],
    'pikaia-ecs-high-cpu': ['GreaterThanThreshold', 85, 3, 60, 'notBreaching'],
    'pikaia-ecs-high-memory': ['GreaterThanThreshold', 85, 3, 60, 'notBreaching'],
    'pikaia-db-high-cpu': ['GreaterThanThreshold', 80, 3, 60, 'notBreaching'],
    'pikaia-db-high-connections': ['GreaterThanThreshold', 500, 2, 60, 'notBreaching'],
    'pikaia-db-xid-age': ['GreaterThanThreshold', 500_000_000, 3, 300, 'notBreaching'],
    'pikaia-outbox-lag': ['GreaterThanThreshold', 60, 2, 60, 'breaching'],
    'pikaia-outbox-leader-failing': ['GreaterThanThreshold', 0, 2, 60, 'ignore'],
    'pikaia-outbox-dead-letters': ['GreaterThanThreshold', 0, 1, 60, 'ignore'],
    'pikaia-consumer-dlq': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-consumer-lag': ['GreaterThanThreshold', 300, 2, 60, 'notBreaching'],
    'pikaia-consumer-failing': ['GreaterThanThreshold', 20, 2, 900, 'notBreaching'],
    'pikaia-consumer-dlq-expiring': ['GreaterThanThreshold', 4 * 86_400, 1, 60, 'notBreaching'],
    'pikaia-events-lost': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-events-undelivered': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-audit-record-missing': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
  };

  it('are these, exactly', () => {
    const found = alarms().map((one) => [
      one.AlarmName,
      [one.ComparisonOperator, one.Threshold, one.EvaluationPeriods, periodOf(one)[0], one.TreatMissingData],
    ]);
    assert.deepEqual(Object.fromEntries(found), expected);
  });

  it('tell the topic when they begin and when they end, and say what to do', () => {
    const composites = resourcesOf(defaults().templates.PikaiaObservability, 'AWS::CloudWatch::CompositeAlarm');
    assert.deepEqual(
      composites.map(({ Properties }) => Properties['AlarmName']),
      [COMPOSITE],
    );
    for (const one of [...alarms(), ...composites.map(({ Properties }) => Properties as unknown as AlarmProperties)]) {
      assert.match(JSON.stringify(one.AlarmActions), /^\[\{"Ref":"Topic\w+"\}\]$/, one.AlarmName);
      assert.deepEqual(one.OKActions, one.AlarmActions, one.AlarmName);
      assert.match(one.AlarmDescription, new RegExp(`^\\S.{20,} What to do: docs/runbooks/${one.AlarmName}\\.md$`));
    }
  });

  it('have one period each, and wait for as many points as they look at', () => {
    for (const one of alarms()) {
      assert.equal(new Set(periodOf(one)).size, 1, one.AlarmName);
      assert.equal(one.DatapointsToAlarm, one.EvaluationPeriods, one.AlarmName);
    }
  });

  it('of our own metrics have the period and the dimensions in which these are printed', () => {
    const byName = new Map(Object.values(eventMetrics).map((metric) => [metric.name as string, metric]));
    const ours = alarms().filter(
      ({ Namespace, MetricName }) => Namespace === METRIC_NAMESPACE && MetricName !== 'audit.record_missing',
    );
    assert.deepEqual(ours.map(({ MetricName }) => MetricName).sort(), [
      'outbox.failed',
      'outbox.leader_failing',
      'outbox.oldest_pending_seconds',
    ]);
    for (const { MetricName, Period, Dimensions } of ours) {
      assert.equal(Period, METRIC_PERIOD_SECONDS);
      const names = Dimensions!.map(({ Name }) => Name).sort();
      assert.ok(
        byName.get(MetricName!)!.dimensions.some((set) => [...set].sort().join() === names.join()),
        MetricName,
      );
      assert.deepEqual(Object.fromEntries(Dimensions!.map(({ Name, Value }) => [Name, Value])), {
        service: 'pikaia-outbox-worker',
        environment: 'production',
      });
    }
  });

  it('take their thresholds from the context', () => {
    const { PikaiaObservability } = synthesise({
      alarm_latency: '0.5',
      alarm_latency_periods: '5',
      alarm_outbox_lag: '10',
    }).templates;
    const thresholds = resourcesOf(PikaiaObservability, 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties as unknown as AlarmProperties)
      .filter(({ AlarmName }) => ['pikaia-high-latency', 'pikaia-outbox-lag'].includes(AlarmName))
      .map(({ Threshold, EvaluationPeriods }) => [Threshold, EvaluationPeriods]);
    assert.deepEqual(thresholds, [
      [0.5, 5],
      [10, 2],
    ]);
  });
});

describe('pikaia-high-error-rate', () => {
  const NAME = 'pikaia-high-error-rate';
  const rate = (requests: Series, targetErrors: Series, balancerErrors: Series) => ({ requests, targetErrors, balancerErrors });
  const none = [null, null, null];

  it('goes off at more than the share, in two periods, and ends', () => {
    const series = rate([1000, 1000, 1000, 1000], [60, 51, 50, null], [null, null, null, null]);
    assert.deepEqual(states(NAME, series), ['OK', 'ALARM', 'OK', 'OK']);
  });

  it('counts what the balancer answers itself while the api is silent', () => {
    assert.deepEqual(states(NAME, rate(none, none, [400, 400, 400])), ['OK', 'ALARM', 'ALARM']);
  });

  it('counts them beside those of the api', () => {
    assert.equal(last(NAME, rate([1000, 1000], [30, 30], [30, 30])), 'ALARM');
  });

  it('goes off when ten requests, or all of one request a minute, fail', () => {
    assert.equal(last(NAME, rate([10, 10], [10, 10], [null, null])), 'ALARM');
    assert.equal(last(NAME, rate([5, 5], [5, 5], [null, null])), 'ALARM'); // ten requests in ten minutes
    assert.equal(last(NAME, rate([5, 4, 6], [5, 4, 6], none)), 'ALARM');
    assert.equal(last(NAME, rate(none, none, [5, 5, 5])), 'ALARM'); // no task takes any of them
  });

  it('stays off for one or two errors where there is hardly any request, and for three of a thousand', () => {
    assert.equal(last(NAME, rate([1, 1, 1], [1, 1, 1], none)), 'OK');
    assert.equal(last(NAME, rate([2, 2, 2], [2, 2, 2], none)), 'OK');
    assert.equal(last(NAME, rate([1000, 1000, 1000], [3, 3, 3], none)), 'OK');
  });

  it('is not set off by silence, nor by one bad period before it', () => {
    assert.equal(last(NAME, rate(none, none, none)), 'OK');
    assert.equal(last(NAME, rate([1000, 1000, 1000], [900, 0, 0], none)), 'OK');
  });

  it('is computed where there is no error, although nothing is counted then', () => {
    assert.equal(last(NAME, rate([1000, 1000], [null, null], [null, null])), 'OK');
    const planted = {
      ...alarm(NAME),
      Metrics: alarm(NAME).Metrics!.map((one) => ({
        ...one,
        ...(one.Expression && { Expression: '100 * (targetErrors + balancerErrors) / (requests + balancerErrors)' }),
      })),
    };
    const blind = statesOf(planted, rate([100, 100], [90, 90], [null, null]), ASSUMPTIONS[0]!);
    assert.deepEqual(blind, ['OK', 'OK']); // without FILL, errors of the api alone would never be seen
  });
});

describe('pikaia-high-latency', () => {
  const NAME = 'pikaia-high-latency';
  const [slow, fast]: Samples = [[3], [0.1]];
  const many = (count: number, seconds: number): number[] => Array<number>(count).fill(seconds);

  it('needs three slow minutes, and bears a gap', () => {
    assert.deepEqual(states(NAME, { metric: [slow!, slow!, slow!, fast!] }), ['OK', 'OK', 'ALARM', 'OK']);
    assert.deepEqual(states(NAME, { metric: [fast!, slow!, slow!, [], []] }).slice(1), ['OK', 'OK', 'OK', 'OK']);
    assert.equal(last(NAME, { metric: [slow!, slow!, [], slow!] }), 'ALARM'); // three real points
    assert.equal(last(NAME, { metric: [[2], [2], [2]] }), 'OK');
    assert.equal(last(NAME, { metric: [[], [], []] }), 'OK');
  });

  it('judges a minute by however few requests it has', () => {
    assert.equal(last(NAME, { metric: [slow!, slow!, slow!] }), 'ALARM'); // one request a minute, all slow
    const ten = [...many(9, 0.1), 3];
    assert.equal(last(NAME, { metric: [ten, ten, ten] }), 'ALARM');
    const [three, eleven] = [3, 11].map((count) => [...many(1000 - count, 0.1), ...many(count, 3)]) as [number[], number[]];
    assert.equal(last(NAME, { metric: [three, three, three] }), 'OK');
    assert.equal(last(NAME, { metric: [eleven, eleven, eleven] }), 'ALARM');
  });

  it('would be silent below a thousand requests a minute if it ignored few samples (planted)', () => {
    const planted = { ...alarm(NAME), EvaluateLowSampleCountPercentile: 'ignore' };
    const during = (count: number) => statesOf(planted, { metric: Array(5).fill(many(count, 3)) }, ASSUMPTIONS[0]!).at(-1);
    assert.deepEqual(
      [during(1), during(600), during(999), during(1000)],
      ['INSUFFICIENT_DATA', 'INSUFFICIENT_DATA', 'INSUFFICIENT_DATA', 'ALARM'],
    );
  });
});

describe('every alarm on a percentile', () => {
  const problems = (all: readonly AlarmProperties[]): string[] =>
    all
      .filter((one) => one.ExtendedStatistic && one.EvaluateLowSampleCountPercentile !== 'evaluate')
      .map(({ AlarmName }) => AlarmName);

  it('evaluates few samples, also one that somebody adds', () => {
    assert.deepEqual(problems(alarms()), []);
    const { templates } = synthesise({}, ({ observability }) =>
      observability.addAlarm({
        name: 'pikaia-slow-publishing',
        means: 'Events take long from being recorded to being accepted.',
        metric: outboxMetric(eventMetrics.publishLatency),
        comparison: 'above',
        threshold: 5000,
        periods: 3,
        missing: TreatMissingData.NOT_BREACHING,
        pages: false,
      }),
    );
    const added = resourcesOf(templates.PikaiaObservability, 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties as unknown as AlarmProperties)
      .filter(({ ExtendedStatistic }) => ExtendedStatistic);
    assert.equal(added.length, 2);
    assert.deepEqual(problems(added), []);
    assert.deepEqual(problems([{ ...added[0]!, EvaluateLowSampleCountPercentile: 'ignore' }]), [added[0]!.AlarmName]); // planted
  });
});

/** The least traffic that must raise each alarm, and traffic that must not. The last period decides. */
const LOW_TRAFFIC: Record<string, { raises: Record<string, Series | Samples>; bears: Record<string, Series | Samples> }> = {
  'pikaia-high-error-rate': {
    raises: { requests: [5, 5], targetErrors: [5, 5], balancerErrors: [null, null] },
    bears: { requests: [1000, 1000], targetErrors: [3, 3], balancerErrors: [null, null] },
  },
  'pikaia-high-latency': { raises: { metric: [[3], [3], [3]] }, bears: { metric: [[0.1], [], [3]] } },
  'pikaia-unhealthy-hosts': { raises: { metric: [null, null, null, null] }, bears: { metric: [1, 1, 1, 1] } },
  'pikaia-ecs-high-cpu': {
    raises: { api: [90, 90, 90], worker: [1, 1, 1] },
    bears: { api: [1, 1, 1], worker: [1, 1, 1] },
  },
  'pikaia-ecs-high-memory': {
    raises: { api: [20, 20, 20], worker: [90, 90, 90] },
    bears: { api: [20, 20, 20], worker: [20, 20, 20] },
  },
  'pikaia-db-high-cpu': { raises: { metric: [90, 90, 90] }, bears: { metric: [1, 1, 1] } },
  'pikaia-db-high-connections': { raises: { metric: [501, 501] }, bears: { metric: [5, 5] } },
  'pikaia-db-xid-age': { raises: { metric: [6e8, 6e8, 6e8] }, bears: { metric: [1, 1, 1] } },
  // One event that waits; and no event at all, of which the leader says 0.
  'pikaia-outbox-lag': { raises: { metric: [61, 121] }, bears: { metric: [0, 0] } },
  'pikaia-outbox-dead-letters': { raises: { metric: [0, 1] }, bears: { metric: [0, 0] } },
  'pikaia-consumer-dlq': { raises: { m1: [null, 1] }, bears: { m1: [null, null] } },
  'pikaia-consumer-lag': { raises: { m1: [301, 361] }, bears: { m1: [null, 1] } },
  // One message that fails every five minutes; and three failures of a thousand.
  'pikaia-consumer-failing': {
    raises: { failed: [3, 3], postponed: [null, null], handled: [null, null] },
    bears: { failed: [3, 3], postponed: [null, null], handled: [1000, 1000] },
  },
  'pikaia-events-lost': { raises: { m1: [null, 1] }, bears: { m1: [null, null] } },
  'pikaia-consumer-dlq-expiring': { raises: { m1: [345_540, 345_660] }, bears: { m1: [null, 60] } },
  'pikaia-events-undelivered': { raises: { m1: [null, 1] }, bears: { m1: [null, null] } },
  'pikaia-audit-record-missing': { raises: { metric: [0, 1] }, bears: { metric: [0, null] } },
};

describe('with hardly any traffic', () => {
  it('every alarm is tried', () => {
    assert.deepEqual(
      Object.keys(LOW_TRAFFIC).sort(),
      alarms()
        .map(({ AlarmName }) => AlarmName)
        .sort(),
    );
  });

  for (const [name, { raises, bears }] of Object.entries(LOW_TRAFFIC)) {
    it(`${name} goes off for the least that matters, and stays off for what does not`, () => {
      assert.deepEqual([last(name, raises), last(name, bears)], ['ALARM', 'OK']);
    });
  }
});

describe('pikaia-consumer-failing', () => {
  const NAME = 'pikaia-consumer-failing';

  it('counts what is postponed, ends when the message is handled, and is silent without messages', () => {
    const none = [null, null];
    assert.equal(last(NAME, { failed: none, postponed: [3, 3], handled: none }), 'ALARM');
    assert.equal(last(NAME, { failed: [3, 3, null], postponed: [null, null, null], handled: [null, null, 1] }), 'OK');
    assert.equal(last(NAME, { failed: none, postponed: none, handled: none }), 'OK');
    assert.equal(last(NAME, { failed: [1, null], postponed: none, handled: [null, 1] }), 'OK'); // one retry that helps
  });
});

describe('an event that a rule cannot deliver', () => {
  it('is counted for the rule of each consumer on its bus, whatever became of it', () => {
    const of = (name: string) =>
      alarm(name).Metrics!.flatMap(({ MetricStat }) =>
        MetricStat ? [[MetricStat.Metric.Namespace, MetricStat.Metric.MetricName, MetricStat.Stat]] : [],
      );
    assert.deepEqual(of('pikaia-events-lost'), [['AWS/Events', 'InvocationsFailedToBeSentToDlq', 'Sum']]);
    assert.deepEqual(of('pikaia-events-undelivered'), [['AWS/Events', 'FailedInvocations', 'Sum']]);
    const text = JSON.stringify(alarm('pikaia-events-lost').Metrics);
    assert.match(text, /"EventBusName".*"RuleName","Value":"pikaia-welcome-email"/);
  });
});

describe('what must not be silent', () => {
  it('alarms when no healthy host is seen, and when nobody counts them', () => {
    assert.deepEqual(states('pikaia-unhealthy-hosts', { metric: [2, 1, 0, 0, 1] }).slice(1), ['OK', 'OK', 'ALARM', 'OK']);
    const gone = states('pikaia-unhealthy-hosts', { metric: [2, 2, null, null, null, null] });
    assert.equal(gone.at(-1), 'ALARM');
    assert.equal(last('pikaia-unhealthy-hosts', { metric: [2, null, 2] }), 'OK'); // a gap is none
  });

  it('alarms when events wait too long, and when no leader says how long', () => {
    assert.deepEqual(states('pikaia-outbox-lag', { metric: [0, 60, 61, 90, 5] }).slice(1), ['OK', 'OK', 'ALARM', 'OK']);
    assert.equal(last('pikaia-outbox-lag', { metric: [0, 0, 0, null, null, null, null] }), 'ALARM');
    assert.equal(last('pikaia-outbox-lag', { metric: [0, 0, null, 0, 0] }), 'OK'); // a leader changes
  });
});

describe('a leader that fails again and again', () => {
  it('alarms after two minutes, stays on while nobody measures, and ends with a term that lasts', () => {
    assert.deepEqual(states('pikaia-outbox-leader-failing', { metric: [0, 1, 0, 1, 1, null, null, 0] }).slice(1), [
      'OK',
      'OK',
      'OK',
      'ALARM',
      'ALARM',
      'ALARM',
      'OK',
    ]);
  });
});

describe('dead letters', () => {
  it('of the outbox alarm until somebody has decided, also while nobody counts', () => {
    assert.deepEqual(states('pikaia-outbox-dead-letters', { metric: [0, 1, null, null, null, null, 0] }), [
      'OK',
      'ALARM',
      'ALARM',
      'ALARM',
      'ALARM',
      'ALARM',
      'OK',
    ]);
  });

  it('of a consumer alarm at the first, and a queue at rest is none', () => {
    assert.deepEqual(states('pikaia-consumer-dlq', { m1: [null, null, 1, 1, 0] }), ['OK', 'OK', 'ALARM', 'ALARM', 'OK']);
    assert.deepEqual(states('pikaia-events-undelivered', { m1: [null, 2, 0] }), ['OK', 'ALARM', 'OK']);
  });

  it('are seen before: a message that waits', () => {
    assert.deepEqual(states('pikaia-consumer-lag', { m1: [10, 301, 400, 20] }), ['OK', 'OK', 'ALARM', 'OK']);
  });
});

describe('the alarms of load', () => {
  it('take the busier of the two services', () => {
    for (const name of ['pikaia-ecs-high-cpu', 'pikaia-ecs-high-memory']) {
      assert.equal(last(name, { api: [10, 10, 10], worker: [90, 90, 90] }), 'ALARM');
      assert.equal(last(name, { api: [90, 90, 90], worker: [null, null, null] }), 'ALARM');
      assert.equal(last(name, { api: [85, 85, 85], worker: [1, 1, 1] }), 'OK');
      assert.equal(last(name, { api: [null, null, null], worker: [null, null, null] }), 'OK');
      assert.deepEqual(
        alarm(name).Metrics!.flatMap(({ MetricStat }) => MetricStat?.Stat ?? []),
        ['Maximum', 'Maximum'],
      );
    }
  });

  it('of the database look at its busiest instance', () => {
    assert.deepEqual(states('pikaia-db-high-cpu', { metric: [81, 81, 81, null] }), ['OK', 'OK', 'ALARM', 'ALARM']);
    assert.deepEqual(states('pikaia-db-high-connections', { metric: [500, 501, 501] }), ['OK', 'OK', 'ALARM']);
    assert.equal(last('pikaia-db-xid-age', { metric: [6e8, 6e8, 6e8] }), 'ALARM');
  });
});

describe(COMPOSITE, () => {
  it('is what users notice', () => {
    const [composite] = resourcesOf(defaults().templates.PikaiaObservability, 'AWS::CloudWatch::CompositeAlarm');
    const rule = JSON.stringify(composite!.Properties['AlarmRule']);
    const named = [...rule.matchAll(/"(pikaia\w+?)[\dA-F]{8}"/g)].map(([, id]) => id);
    assert.deepEqual(named, [
      'pikaiahigherrorrate',
      'pikaiahighlatency',
      'pikaiaunhealthyhosts',
      'pikaiaoutboxlag',
      'pikaiaconsumerlag',
      'pikaiaeventslost',
    ]);
    assert.equal(rule.match(/ OR ALARM\(/g)?.length, 5);
  });
});
