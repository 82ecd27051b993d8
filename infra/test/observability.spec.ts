import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventMetrics } from '@pikaia/events/metrics';
import { LogField, METRIC_NAMESPACE } from '@pikaia/logging';
import { logQueries } from '@pikaia/logging/queries';
import { webhookSendingMetrics } from '@pikaia/webhooks/metrics';
import { INDEXED_FIELDS } from '../src/logs/log-store.ts';
import { RECORD_MISSING } from '../src/observability/audit.alarms.ts';
import { outboxMetric, ourMetric } from '../src/observability/metrics.ts';
import { defaults, resourcesOf, synthesize, type Synthesis } from './support/synthesis.ts';

interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly metrics?: readonly unknown[][];
    readonly alarms?: readonly string[];
  };
}

/** The body of the dashboard. Values that are known only at deployment are `?`. */
function widgets({ templates }: Synthesis): Widget[] {
  const [dashboard] = resourcesOf(templates.PikaiaObservability, 'AWS::CloudWatch::Dashboard');
  assert.equal(dashboard!.Properties['DashboardName'], 'pikaia-operations');
  const {
    'Fn::Join': [, parts],
  } = dashboard!.Properties['DashboardBody'] as { 'Fn::Join': [string, unknown[]] };
  const body = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : '?')).join('')) as { widgets: Widget[] };
  return body.widgets;
}

describe('the dashboard', () => {
  it('has the expected rows and widgets', () => {
    const rows: Record<string, string[]> = {};
    let row = '';
    for (const { type, properties } of widgets(defaults())) {
      if (type === 'text') rows[(row = properties.markdown!.replace('## ', ''))] = [];
      else rows[row]!.push(properties.title!);
    }
    assert.deepEqual(rows, {
      'API Overview': ['Requests', '5xx', 'Latency'],
      'ECS Service': ['CPU, %', 'Memory, %', 'Healthy hosts'],
      Database: ['Connections', 'CPU, %', 'Capacity, ACU', 'Latency'],
      Events: [
        'Outbox backlog',
        'Age of the oldest pending event, s',
        'Recorded to accepted, ms',
        'Published',
        'Dead letters of the outbox, and events that no worker handles',
        'Sinks without a leader, and leaders that fail',
        'Dead letters of consumers',
        'Failed attempts of consumers',
        'Age of the oldest dead letter, s',
        'Events that a rule could not deliver',
      ],
      Webhooks: [
        'Webhooks that arrived',
        'Failed attempts to send a webhook',
        'Webhooks that are due, and the age of the oldest, s',
        'Duration of an attempt, ms',
      ],
      Alarms: ['Status'],
    });
  });

  it('shows the status of every alarm', () => {
    const { PikaiaObservability } = defaults().templates;
    const count = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
      resourcesOf(PikaiaObservability, type),
    ).length;
    const shown = widgets(defaults()).find(({ type }) => type === 'alarm')!.properties.alarms!;
    assert.equal(shown.length, count);
  });

  it('uses only metrics of the catalog, with dimensions that they have', () => {
    const names = new Set<string>(
      [...Object.values(eventMetrics), ...Object.values(webhookSendingMetrics)].map(({ name }) => name),
    );
    const shown = widgets(defaults()).flatMap(({ properties }) => properties.metrics ?? []);
    const plain = shown.flatMap(([namespace, name]) => (namespace === METRIC_NAMESPACE ? [String(name)] : []));
    const queried = shown.flatMap(
      ([entry]) => /^SELECT \w+\("([\w.]+)"\)/.exec((entry as { expression?: string }).expression ?? '')?.[1] ?? [],
    );
    assert.deepEqual([plain.length, queried.length], [7, 8]);
    for (const name of [...plain, ...queried]) assert.ok(names.has(name), name);
    assert.throws(
      () => ourMetric(eventMetrics.backlog, { service: 'a' }),
      /outbox.backlog has no series with the dimensions service\. It has/,
    );
    assert.equal(outboxMetric(eventMetrics.published).statistic, 'Sum');
    assert.deepEqual(
      [outboxMetric(eventMetrics.failed).statistic, outboxMetric(eventMetrics.publishLatency).statistic],
      ['Maximum', 'p99'],
    );
  });
});

describe('the alarm topic', () => {
  const subscriptions = (context: Record<string, unknown>) =>
    resourcesOf(synthesize(context).templates.PikaiaObservability, 'AWS::SNS::Subscription').map(({ Properties }) => Properties);
  const given = { alarm_email: 'ops@example.com,lead@example.com', alarm_https: 'https://events.example.com/alarm' };

  it('notifies email addresses of every alarm, and URLs only of the paging alarm', () => {
    const found = subscriptions(given).map(({ Protocol, Endpoint, FilterPolicy, FilterPolicyScope }) => [
      Protocol,
      Endpoint,
      FilterPolicy,
      FilterPolicyScope,
    ]);
    assert.deepEqual(found, [
      ['email', 'ops@example.com', undefined, undefined],
      ['email', 'lead@example.com', undefined, undefined],
      ['https', 'https://events.example.com/alarm', { AlarmName: ['pikaia-service-degraded'] }, 'MessageBody'],
    ]);
  });

  it('notifies URLs of every alarm with alarm_https_gets=all', () => {
    const [, , https] = subscriptions({ ...given, alarm_https_gets: 'all' });
    assert.equal(https!['FilterPolicy'], undefined);
  });

  it('has a key that CloudWatch may use, unlike the managed key', () => {
    const [topic] = resourcesOf(defaults().templates.PikaiaObservability, 'AWS::SNS::Topic');
    assert.equal(topic!.Properties['TopicName'], 'pikaia-alarms');
    const [key] = resourcesOf(defaults().templates.PikaiaNetwork, 'AWS::KMS::Key');
    const { Statement } = key!.Properties['KeyPolicy'] as { Statement: { Principal: { Service?: string }; Action: string[] }[] };
    const allowed = Statement.find(({ Principal }) => Principal.Service === 'cloudwatch.amazonaws.com');
    assert.deepEqual(allowed!.Action, ['kms:Decrypt', 'kms:GenerateDataKey']);
  });
});

describe('the log groups', () => {
  it('have the saved queries of @pikaia/logging, over the log groups of all processes', () => {
    const saved = resourcesOf(defaults().templates.PikaiaObservability, 'AWS::Logs::QueryDefinition').map(
      ({ Properties }) => Properties,
    );
    assert.deepEqual(
      saved.map(({ Name, QueryString }) => [Name, QueryString]),
      Object.values(logQueries).map(({ name, text }) => [`pikaia/${name}`, text]),
    );
    for (const { LogGroupNames } of saved) assert.equal((LogGroupNames as unknown[]).length, 4);
  });

  it('have indexes only on fields that log lines have', () => {
    const fields = new Set<string>(Object.values(LogField));
    for (const field of INDEXED_FIELDS) assert.ok(fields.has(field), field);
  });

  it('have a metric filter for an event that the code logs', () => {
    const [filter] = resourcesOf(defaults().templates.PikaiaObservability, 'AWS::Logs::MetricFilter');
    assert.equal(filter!.Properties['FilterPattern'], `{ $.event = "${RECORD_MISSING}" }`);
    const catalog = readFileSync(join(import.meta.dirname, '../../docs/log-events.md'), 'utf8');
    assert.match(catalog, new RegExp(`^\\| \`${RECORD_MISSING}\` \\|`, 'm'));
  });
});
