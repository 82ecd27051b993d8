import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricDefinition } from '@pikaia/logging';
import { apiMetrics } from './api.metrics.js';

const document = readFileSync(join(__dirname, '../../../docs/metrics.md'), 'utf8');
const STATISTIC = { gauge: 'Maximum', counter: 'Sum', distribution: 'percentile' };

describe('apiMetrics', () => {
  it('are listed in docs/metrics.md with the same unit, statistic, dimensions and description', () => {
    const [, section] = document.split('\n## Metrics of the api\n');
    const rows = [...section!.matchAll(/^\| `(.+) \|$/gm)].map(([, row]) =>
      row!
        .replace('`', '')
        .split('|')
        .map((cell) => cell.trim()),
    );
    const metrics: readonly MetricDefinition[] = Object.values(apiMetrics);
    expect(rows).toEqual(
      metrics.map(({ name, unit, kind, dimensions, description }) => [
        name,
        unit,
        STATISTIC[kind],
        dimensions.at(-1)!.join(', '),
        description,
      ]),
    );
  });
});
