import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricDefinition } from '@pikaia/logging';
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { ourMetric } from '../src/observability/metrics.ts';
import { codeIn, problemsOf } from './support/documented-code.ts';
import { resourcesOf, synthesize } from './support/synthesis.ts';

describe('docs/operations.md', () => {
  it('has code examples that compile at their stated paths', () => {
    const code = codeIn('docs/operations.md');
    assert.deepEqual(
      [...code.keys()].map((name) => basename(name)),
      ['orders.metrics.ts', 'orders.ts', 'main.ts'],
    );
    const [name, watching] = [...code].find(([file]) => file.endsWith('orders.ts'))!;
    const planted: [string, string] = [
      name.replace('orders', 'planted'),
      watching.replace("comparison: 'below'", "comparison: 'under'"),
    ];
    const problems = problemsOf(new Map([...code, planted]));
    assert.match(problems.join('\n'), /^planted\.ts: Type '"under"' is not assignable to type [^\n]+$/);
  });
});

describe('an alarm that an application adds', () => {
  const metric: MetricDefinition = {
    name: 'orders.placed',
    kind: 'counter',
    unit: 'Count',
    dimensions: [['service', 'environment']],
    description: 'Orders that were placed.',
  };

  it('notifies the topic, is shown on the dashboard, and pages if its definition says so', () => {
    const { templates } = synthesize({}, ({ observability }) =>
      observability.addAlarm({
        name: 'pikaia-orders-none',
        means: 'Nobody has placed an order for half an hour.',
        metric: ourMetric(metric, { service: 'pikaia-api', environment: 'production' }),
        comparison: 'below',
        threshold: 1,
        periods: 30,
        missing: TreatMissingData.BREACHING,
        pages: true,
      }),
    );
    const found = (type: string) => resourcesOf(templates.PikaiaObservability, type);
    const added = found('AWS::CloudWatch::Alarm').find(({ Properties }) => Properties['AlarmName'] === 'pikaia-orders-none')!;
    assert.ok(added.Properties['AlarmActions']);
    assert.match(JSON.stringify(found('AWS::CloudWatch::CompositeAlarm')[0]!.Properties['AlarmRule']), new RegExp(added.id));
    assert.match(JSON.stringify(found('AWS::CloudWatch::Dashboard')[0]!.Properties['DashboardBody']), new RegExp(added.id));
  });
});
