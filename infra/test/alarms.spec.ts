import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { webhookMetrics } from '@pikaia/api/webhook-metrics';
import { eventMetrics, METRIC_PERIOD_SECONDS } from '@pikaia/events/metrics';
import { METRIC_NAMESPACE } from '@pikaia/logging';
import { outboxMetricBySink } from '../src/observability/metrics.ts';
import { queryOf, type AlarmProperties } from './evaluation/alarm-states.ts';
import { alarm, alarms, last, periodOf, runbookOf, states } from './support/alarms.ts';
import { defaults, resourcesOf, synthesize } from './support/synthesis.ts';

const COMPOSITE = 'pikaia-service-degraded';

describe('the alarms of the stack', () => {
  const expected: Record<string, [comparison: string, threshold: number, periods: number, seconds: number, missing: string]> = {
    'pikaia-high-error-rate': ['GreaterThanThreshold', 5, 2, 300, 'notBreaching'],
    'pikaia-high-latency': ['GreaterThanThreshold', 2, 3, 60, 'notBreaching'],
    'pikaia-unhealthy-hosts': ['LessThanThreshold', 1, 2, 60, 'breaching'],
    'pikaia-ecs-high-cpu': ['GreaterThanThreshold', 85, 3, 60, 'notBreaching'],
    'pikaia-ecs-high-memory': ['GreaterThanThreshold', 85, 3, 60, 'notBreaching'],
    'pikaia-db-high-cpu': ['GreaterThanThreshold', 80, 3, 60, 'notBreaching'],
    'pikaia-db-high-connections': ['GreaterThanThreshold', 500, 2, 60, 'notBreaching'],
    'pikaia-db-xid-age': ['GreaterThanThreshold', 500_000_000, 3, 300, 'notBreaching'],
    'pikaia-outbox-lag': ['GreaterThanThreshold', 60, 2, 60, 'notBreaching'],
    'pikaia-outbox-no-worker': ['LessThanThreshold', 1, 2, 60, 'breaching'],
    'pikaia-outbox-no-leader': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-outbox-leader-failing': ['GreaterThanThreshold', 0, 2, 60, 'ignore'],
    'pikaia-outbox-dead-letters': ['GreaterThanThreshold', 0, 1, 60, 'ignore'],
    'pikaia-outbox-unhandled': ['GreaterThanThreshold', 0, 30, 60, 'ignore'],
    'pikaia-consumer-dlq': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-consumer-lag': ['GreaterThanThreshold', 300, 2, 60, 'notBreaching'],
    'pikaia-consumer-failing-welcome-email': ['GreaterThanThreshold', 20, 2, 900, 'notBreaching'],
    'pikaia-consumer-dlq-expiring': ['GreaterThanThreshold', 4 * 86_400, 1, 60, 'notBreaching'],
    'pikaia-events-lost': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-events-undelivered': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-audit-record-missing': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
    'pikaia-webhooks-refused': ['GreaterThanThreshold', 2, 1, 3600, 'notBreaching'],
    'pikaia-webhooks-failing': ['GreaterThanThreshold', 0, 1, 300, 'notBreaching'],
    'pikaia-webhooks-silent': ['GreaterThanThreshold', 72 * 3600, 1, 60, 'notBreaching'],
    'pikaia-webhooks-unsent': ['GreaterThanThreshold', 300, 2, 60, 'notBreaching'],
    'pikaia-webhooks-blocked': ['GreaterThanThreshold', 0, 1, 60, 'notBreaching'],
  };

  it('have the expected names, and there are no others', () => {
    const found = alarms().map((one) => [
      one.AlarmName,
      [one.ComparisonOperator, one.Threshold, one.EvaluationPeriods, periodOf(one)[0], one.TreatMissingData],
    ]);
    assert.deepEqual(Object.fromEntries(found), expected);
  });

  it('notify the topic when they go off and when they end, and link to their runbook', () => {
    const composites = resourcesOf(defaults().templates.PikaiaObservability, 'AWS::CloudWatch::CompositeAlarm');
    assert.deepEqual(
      composites.map(({ Properties }) => Properties['AlarmName']),
      [COMPOSITE],
    );
    for (const one of [...alarms(), ...composites.map(({ Properties }) => Properties as unknown as AlarmProperties)]) {
      assert.match(JSON.stringify(one.AlarmActions), /^\[\{"Ref":"Topic\w+"\}\]$/, one.AlarmName);
      assert.deepEqual(one.OKActions, one.AlarmActions, one.AlarmName);
      assert.equal(runbookOf(one), one.AlarmName.replace(/-welcome-email$/, ''), one.AlarmName);
    }
  });

  it('have one period each, and require that all evaluated points breach the threshold', () => {
    for (const one of alarms()) {
      assert.equal(new Set(periodOf(one)).size, 1, one.AlarmName);
      assert.equal(one.DatapointsToAlarm, one.EvaluationPeriods, one.AlarmName);
    }
  });

  it('use the period and the dimensions at which Pikaia emits its metrics', () => {
    const byName = new Map(
      [...Object.values(eventMetrics), ...Object.values(webhookMetrics)].map((metric) => [metric.name as string, metric]),
    );
    const service = 'pikaia-outbox-worker';
    const ofWorker = [
      { Name: 'environment', Value: 'production' },
      { Name: 'service', Value: service },
    ];
    const ours = alarms().filter(
      ({ Namespace, MetricName }) => Namespace === METRIC_NAMESPACE && MetricName !== 'audit.record_missing',
    );
    assert.deepEqual(
      ours.map(({ MetricName, Period, Dimensions }) => [MetricName, Period, Dimensions]),
      ['outbox.oldest_pending_seconds', 'webhook_delivery.oldest_due_seconds', 'webhook_delivery.blocked'].map((name) => [
        name,
        METRIC_PERIOD_SECONDS,
        ofWorker,
      ]),
    );
    const queries = alarms().flatMap((one) => queryOf(one) ?? []);
    assert.deepEqual(queries.map(({ metricName }) => metricName).sort(), [
      'outbox.failed',
      'outbox.leader_failing',
      'outbox.leaderless',
      'outbox.oldest_pending_seconds',
      'outbox.unhandled',
      'webhook.failed',
      'webhook.refused',
      'webhook.silence_seconds',
    ]);
    for (const { metricName, statistic, namespace, schema, where, groupBy } of queries) {
      const { kind, dimensions } = byName.get(metricName)!;
      const ofWebhooks = metricName.startsWith('webhook.');
      assert.equal(statistic, kind === 'gauge' ? 'MAX' : 'SUM');
      assert.deepEqual([namespace, groupBy], [METRIC_NAMESPACE, ofWebhooks ? 'source' : 'sink']);
      assert.ok(
        dimensions.some((set) => [...set].sort().join() === [...schema].sort().join()),
        metricName,
      );
      assert.deepEqual(where, { service: ofWebhooks ? 'pikaia-api' : service, environment: 'production' });
    }
  });

  it('take their thresholds from the settings', () => {
    const { PikaiaObservability } = synthesize({
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

describe('an event that a rule cannot deliver', () => {
  it('is counted by an alarm for the rule of each consumer, whether it reaches the dead-letter queue or not', () => {
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

describe('alarms on missing data', () => {
  it('the host alarm goes off if there is no healthy host, and if the metric has no data', () => {
    assert.deepEqual(states('pikaia-unhealthy-hosts', { metric: [2, 1, 0, 0, 1] }).slice(1), ['OK', 'OK', 'ALARM', 'OK']);
    const gone = states('pikaia-unhealthy-hosts', { metric: [2, 2, null, null, null, null] });
    assert.equal(gone.at(-1), 'ALARM');
    assert.equal(last('pikaia-unhealthy-hosts', { metric: [2, null, 2] }), 'OK'); // a single gap does not raise the alarm
  });

  it('the worker alarm goes off if no worker reports the outbox', () => {
    assert.equal(last('pikaia-outbox-no-worker', { metric: [4, 4, 4, null, null, null, null] }), 'ALARM');
    assert.equal(last('pikaia-outbox-no-worker', { metric: [4, 4, null, 4, 4] }), 'OK'); // the worker is replaced
  });
});

describe('the alarms of the outbox', () => {
  const healthy = [0, 0, 0, 0, 0];

  it('go off for one sink while other sinks are healthy, whatever its name', () => {
    assert.deepEqual(states('pikaia-outbox-lag', { healthy, 'local/new': [0, 60, 61, 90, 5] }).slice(1), [
      'OK',
      'OK',
      'ALARM',
      'OK',
    ]);
    assert.deepEqual(states('pikaia-outbox-no-leader', { healthy, orders: [0, 0, 1, 1, 0] }).slice(1), [
      'OK',
      'ALARM',
      'ALARM',
      'OK',
    ]);
    for (const name of ['pikaia-outbox-leader-failing', 'pikaia-outbox-dead-letters'])
      assert.equal(last(name, { healthy, orders: [0, 0, 0, 1, 1] }), 'ALARM', name);
  });

  it('refuse a query that mixes the sinks, or that CloudWatch does not accept for an alarm (planted)', () => {
    const { Metrics, AlarmName } = alarm('pikaia-outbox-lag');
    for (const clause of [' GROUP BY "sink"', ' ORDER BY MAX() DESC']) {
      const planted = Metrics!.map((entry) => ({ ...entry, Expression: entry.Expression!.replace(clause, '') }));
      assert.notDeepEqual(planted, Metrics);
      assert.throws(() => queryOf({ AlarmName, Metrics: planted }), /not known here/);
    }
  });

  it('can only use metrics that have a series for each sink and that a query can aggregate', () => {
    assert.throws(() => outboxMetricBySink(eventMetrics.consumerFailed), /consumer\.failed has no series/);
    assert.throws(() => outboxMetricBySink(eventMetrics.publishLatency), /outbox\.publish_latency has no series/);
  });
});

describe('the alarm for a leader that fails repeatedly', () => {
  it('goes off after two minutes, stays on while there is no data, and ends after a stable term', () => {
    assert.deepEqual(states('pikaia-outbox-leader-failing', { orders: [0, 1, 0, 1, 1, null, null, 0] }).slice(1), [
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

describe('the alarm for events that no worker handles', () => {
  it('does not go off during a deployment, and goes off after half an hour', () => {
    const minutes = (count: number) => Array<number>(count).fill(1);
    assert.ok(states('pikaia-outbox-unhandled', { orders: [0, ...minutes(29), 0] }).every((state) => state === 'OK'));
    assert.equal(states('pikaia-outbox-unhandled', { orders: [0, ...minutes(30)] }).at(-1), 'ALARM');
  });
});

describe('the dead-letter alarms', () => {
  it('the outbox alarm stays on until the dead letters are resolved, even while there is no data', () => {
    assert.deepEqual(states('pikaia-outbox-dead-letters', { orders: [0, 1, null, null, null, null, 0] }), [
      'OK',
      'ALARM',
      'ALARM',
      'ALARM',
      'ALARM',
      'ALARM',
      'OK',
    ]);
  });

  it('the consumer alarm goes off at the first dead letter, but not for an inactive queue', () => {
    assert.deepEqual(states('pikaia-consumer-dlq', { m1: [null, null, 1, 1, 0] }), ['OK', 'OK', 'ALARM', 'ALARM', 'OK']);
    assert.deepEqual(states('pikaia-events-undelivered', { m1: [null, 2, 0] }), ['OK', 'ALARM', 'OK']);
  });

  it('the consumer lag alarm goes off for a waiting message before it becomes a dead letter', () => {
    assert.deepEqual(states('pikaia-consumer-lag', { m1: [10, 301, 400, 20] }), ['OK', 'OK', 'ALARM', 'OK']);
  });
});

describe('the alarm for failing attempts of a consumer', () => {
  it('exists for each consumer, so that many handled events of one do not hide another', () => {
    for (const { AlarmName, Metrics } of alarms().filter(({ AlarmName: name }) => name.startsWith('pikaia-consumer-failing'))) {
      const consumer = AlarmName.replace('pikaia-consumer-failing-', '');
      const dimensions = Metrics!.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric.Dimensions] : []));
      assert.equal(dimensions.length, 3);
      for (const one of dimensions) assert.ok(one!.some(({ Name, Value }) => Name === 'consumer' && Value === consumer));
    }
  });
});

describe('the load alarms', () => {
  it('use the busier of the two services', () => {
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

  it('use the busiest database instance', () => {
    assert.deepEqual(states('pikaia-db-high-cpu', { metric: [81, 81, 81, null] }), ['OK', 'OK', 'ALARM', 'ALARM']);
    assert.deepEqual(states('pikaia-db-high-connections', { metric: [500, 501, 501] }), ['OK', 'OK', 'ALARM']);
    assert.equal(last('pikaia-db-xid-age', { metric: [6e8, 6e8, 6e8] }), 'ALARM');
  });
});

describe(COMPOSITE, () => {
  it('combines exactly the alarms that affect users', () => {
    const [composite] = resourcesOf(defaults().templates.PikaiaObservability, 'AWS::CloudWatch::CompositeAlarm');
    const rule = JSON.stringify(composite!.Properties['AlarmRule']);
    const named = [...rule.matchAll(/"(pikaia\w+?)[\dA-F]{8}"/g)].map(([, id]) => id);
    assert.deepEqual(named, [
      'pikaiahigherrorrate',
      'pikaiahighlatency',
      'pikaiaunhealthyhosts',
      'pikaiaoutboxlag',
      'pikaiaoutboxnoworker',
      'pikaiaconsumerlag',
      'pikaiaeventslost',
    ]);
    assert.equal(rule.match(/ OR ALARM\(/g)?.length, 6);
  });
});
