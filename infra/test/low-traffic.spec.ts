import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventMetrics } from '@pikaia/events/metrics';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { outboxMetric } from '../src/observability/metrics.ts';
import { statesOf, type AlarmProperties, type Samples } from './evaluation/alarm-states.ts';
import { ASSUMPTIONS, type Series } from './evaluation/metric-math.ts';
import { alarm, alarms, last, states } from './support/alarms.ts';
import { resourcesOf, synthesize } from './support/synthesis.ts';

describe('pikaia-high-error-rate', () => {
  const NAME = 'pikaia-high-error-rate';
  const rate = (requests: Series, targetErrors: Series, balancerErrors: Series) => ({ requests, targetErrors, balancerErrors });
  const none = [null, null, null];

  it('goes off if the error rate is above the threshold in two periods, and ends afterwards', () => {
    const series = rate([1000, 1000, 1000, 1000], [60, 51, 50, null], [null, null, null, null]);
    assert.deepEqual(states(NAME, series), ['OK', 'ALARM', 'OK', 'OK']);
  });

  it('counts the errors of the load balancer if the api has no data', () => {
    assert.deepEqual(states(NAME, rate(none, none, [400, 400, 400])), ['OK', 'ALARM', 'ALARM']);
  });

  it('adds the errors of the load balancer to those of the api', () => {
    assert.equal(last(NAME, rate([1000, 1000], [30, 30], [30, 30])), 'ALARM');
  });

  it('goes off if ten requests fail, or if all requests fail at one request per minute', () => {
    assert.equal(last(NAME, rate([10, 10], [10, 10], [null, null])), 'ALARM');
    assert.equal(last(NAME, rate([5, 5], [5, 5], [null, null])), 'ALARM'); // ten requests in ten minutes
    assert.equal(last(NAME, rate([5, 4, 6], [5, 4, 6], none)), 'ALARM');
    assert.equal(last(NAME, rate(none, none, [5, 5, 5])), 'ALARM'); // no task accepts any of them
  });

  it('stays off for one or two errors at very low traffic, and for three errors in a thousand requests', () => {
    assert.equal(last(NAME, rate([1, 1, 1], [1, 1, 1], none)), 'OK');
    assert.equal(last(NAME, rate([2, 2, 2], [2, 2, 2], none)), 'OK');
    assert.equal(last(NAME, rate([1000, 1000, 1000], [3, 3, 3], none)), 'OK');
  });

  it('does not go off without data, or after a single bad period', () => {
    assert.equal(last(NAME, rate(none, none, none)), 'OK');
    assert.equal(last(NAME, rate([1000, 1000, 1000], [900, 0, 0], none)), 'OK');
  });

  it('has a value in a period without errors, in which the error metrics have no data', () => {
    assert.equal(last(NAME, rate([1000, 1000], [null, null], [null, null])), 'OK');
    const planted = {
      ...alarm(NAME),
      Metrics: alarm(NAME).Metrics!.map((one) => ({
        ...one,
        ...(one.Expression && { Expression: '100 * (targetErrors + balancerErrors) / (requests + balancerErrors)' }),
      })),
    };
    const blind = statesOf(planted, rate([100, 100], [90, 90], [null, null]), ASSUMPTIONS[0]!);
    assert.deepEqual(blind, ['OK', 'OK']); // without FILL, errors of only the api would never raise the alarm
  });
});

describe('pikaia-high-latency', () => {
  const NAME = 'pikaia-high-latency';
  const [slow, fast]: Samples = [[3], [0.1]];
  const many = (count: number, seconds: number): number[] => Array<number>(count).fill(seconds);

  it('goes off after three slow minutes, even with a gap between them', () => {
    assert.deepEqual(states(NAME, { metric: [slow!, slow!, slow!, fast!] }), ['OK', 'OK', 'ALARM', 'OK']);
    assert.deepEqual(states(NAME, { metric: [fast!, slow!, slow!, [], []] }).slice(1), ['OK', 'OK', 'OK', 'OK']);
    assert.equal(last(NAME, { metric: [slow!, slow!, [], slow!] }), 'ALARM'); // three points with data
    assert.equal(last(NAME, { metric: [[2], [2], [2]] }), 'OK');
    assert.equal(last(NAME, { metric: [[], [], []] }), 'OK');
  });

  it('evaluates a minute even if it has only one request', () => {
    assert.equal(last(NAME, { metric: [slow!, slow!, slow!] }), 'ALARM'); // one slow request per minute
    const ten = [...many(9, 0.1), 3];
    assert.equal(last(NAME, { metric: [ten, ten, ten] }), 'ALARM');
    const [three, eleven] = [3, 11].map((count) => [...many(1000 - count, 0.1), ...many(count, 3)]) as [number[], number[]];
    assert.equal(last(NAME, { metric: [three, three, three] }), 'OK');
    assert.equal(last(NAME, { metric: [eleven, eleven, eleven] }), 'ALARM');
  });

  it('would never go off below a thousand requests per minute if it ignored low sample counts (planted)', () => {
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

  it('evaluates low sample counts, including an alarm that an application adds', () => {
    assert.deepEqual(problems(alarms()), []);
    const { templates } = synthesize({}, ({ observability }) =>
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

/** For each alarm: the lowest traffic that must raise it, and traffic that must not. The last period decides. */
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
  // One waiting event; and no event, for which the workers report 0.
  'pikaia-outbox-lag': { raises: { one: [61, 121], other: [0, 0] }, bears: { one: [0, 0], other: [0, 0] } },
  'pikaia-outbox-no-worker': { raises: { metric: [null, null, null, null] }, bears: { metric: [4, 4, 4, 4] } },
  'pikaia-outbox-no-leader': { raises: { one: [0, 1], other: [0, 0] }, bears: { one: [0, 0], other: [null, null] } },
  'pikaia-outbox-leader-failing': { raises: { one: [1, 1], other: [0, 0] }, bears: { one: [0, 1], other: [0, 0] } },
  'pikaia-outbox-dead-letters': { raises: { one: [0, 1], other: [0, 0] }, bears: { one: [0, 0], other: [0, 0] } },
  'pikaia-outbox-unhandled': {
    raises: { one: Array<number>(30).fill(1), other: Array<number>(30).fill(0) },
    bears: { one: [1, 0], other: [0, 0] },
  },
  'pikaia-consumer-dlq': { raises: { m1: [null, 1] }, bears: { m1: [null, null] } },
  'pikaia-consumer-lag': { raises: { m1: [301, 361] }, bears: { m1: [null, 1] } },
  // One message that fails every five minutes; and three failures in a thousand attempts.
  'pikaia-consumer-failing-welcome-email': {
    raises: { failed: [3, 3], postponed: [null, null], handled: [null, null] },
    bears: { failed: [3, 3], postponed: [null, null], handled: [1000, 1000] },
  },
  'pikaia-events-lost': { raises: { m1: [null, 1] }, bears: { m1: [null, null] } },
  'pikaia-consumer-dlq-expiring': { raises: { m1: [345_540, 345_660] }, bears: { m1: [null, 60] } },
  'pikaia-events-undelivered': { raises: { m1: [null, 1] }, bears: { m1: [null, null] } },
  'pikaia-audit-record-missing': { raises: { metric: [0, 1] }, bears: { metric: [0, null] } },
  // A wrong secret: one event and its first retries; and two deliveries of strangers.
  'pikaia-webhooks-refused': { raises: { stripe: [null, 3], other: [null, null] }, bears: { stripe: [null, 2], other: [1, 1] } },
  'pikaia-webhooks-failing': { raises: { stripe: [null, 1], other: [null, null] }, bears: { stripe: [null, null] } },
  // A provider that is not measured, because there are no tenants or few events; and a quiet weekend.
  'pikaia-webhooks-silent': {
    raises: { stripe: [259_201, 259_261], other: [60, 120] },
    bears: { stripe: [200_000, 200_060], other: [null, null] },
  },
  // One webhook that waits for a worker; and receivers that fail, whose deliveries do not count.
  'pikaia-webhooks-unsent': { raises: { metric: [301, 361] }, bears: { metric: [0, 0] } },
  'pikaia-webhooks-blocked': { raises: { metric: [null, 1] }, bears: { metric: [null, null] } },
};

describe('at very low traffic', () => {
  it('every alarm has a test case', () => {
    assert.deepEqual(
      Object.keys(LOW_TRAFFIC).sort(),
      alarms()
        .map(({ AlarmName }) => AlarmName)
        .sort(),
    );
  });

  for (const [name, { raises, bears }] of Object.entries(LOW_TRAFFIC)) {
    it(`${name} goes off for the smallest relevant problem, and stays off for irrelevant ones`, () => {
      assert.deepEqual([last(name, raises), last(name, bears)], ['ALARM', 'OK']);
    });
  }
});

describe('pikaia-consumer-failing', () => {
  const NAME = 'pikaia-consumer-failing-welcome-email';

  it('counts postponed attempts, ends when the message is handled, and stays off without messages', () => {
    const none = [null, null];
    assert.equal(last(NAME, { failed: none, postponed: [3, 3], handled: none }), 'ALARM');
    assert.equal(last(NAME, { failed: [3, 3, null], postponed: [null, null, null], handled: [null, null, 1] }), 'OK');
    assert.equal(last(NAME, { failed: none, postponed: none, handled: none }), 'OK');
    assert.equal(last(NAME, { failed: [1, null], postponed: none, handled: [null, 1] }), 'OK'); // one successful retry
  });
});
