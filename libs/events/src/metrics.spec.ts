import { METRIC_NAMESPACE } from '@pikaia/logging';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventMetrics } from './metrics.js';

const document = readFileSync(join(__dirname, '../../../docs/metrics.md'), 'utf8').split('\n## Incoming webhooks\n', 1)[0]!;
const STATISTIC = { gauge: 'Maximum', counter: 'Sum', distribution: 'percentile' };
const metrics = Object.values(eventMetrics);

const rowsOf = (text: string): string[][] =>
  [...text.matchAll(/^\| `(.+) \|$/gm)].map(([, row]) =>
    row!
      .replace('`', '')
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('eventMetrics', () => {
  it('docs/metrics.md lists every metric with the same unit, statistic, dimensions and description', () => {
    const expected = metrics.map(({ name, unit, kind, dimensions, description }) => [
      name,
      unit,
      STATISTIC[kind],
      dimensions[dimensions.length - 1]!.join(', '),
      description,
    ]);
    expect(rowsOf(document)).toEqual(expected);
    expect(document).toContain(`\`${METRIC_NAMESPACE}\``);
    expect(rowsOf('| `a.b` | Count | Sum | service | Says so. |\n')).toEqual([['a.b', 'Count', 'Sum', 'service', 'Says so.']]);
  });

  it('each metric has a series for the whole service and one for each sink or consumer', () => {
    for (const { dimensions } of metrics) {
      expect(dimensions).toHaveLength(2);
      expect(dimensions[1]).toEqual([...dimensions[0], expect.stringMatching(/^(sink|consumer)$/)]);
    }
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });
});
