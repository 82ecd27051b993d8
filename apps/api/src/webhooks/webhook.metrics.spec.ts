import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { webhookMetrics } from './webhook.metrics.js';

const STATISTIC = { gauge: 'Maximum', counter: 'Sum' };
const document = readFileSync(join(__dirname, '../../../../docs/metrics.md'), 'utf8');

describe('webhookMetrics', () => {
  it('docs/metrics.md lists every metric with the same unit, statistic, dimensions and description', () => {
    const rows = [
      ...document
        .split('\n## Incoming webhooks\n', 2)[1]!
        .split('\n## ', 1)[0]!
        .matchAll(/^\| `(.+) \|$/gm),
    ].map(([, row]) =>
      row!
        .replace('`', '')
        .split('|')
        .map((cell) => cell.trim()),
    );
    expect(rows).toEqual(
      Object.values(webhookMetrics).map(({ name, unit, kind, dimensions, description }) => [
        name,
        unit,
        STATISTIC[kind],
        dimensions[1].join(', '),
        description,
      ]),
    );
  });
});
