import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { webhookSendingMetrics } from './metrics.js';

const STATISTIC = { gauge: 'Maximum', counter: 'Sum', distribution: 'percentile' };
const document = readFileSync(join(__dirname, '../../../docs/metrics.md'), 'utf8');

describe('webhookSendingMetrics', () => {
  it('docs/metrics.md lists every metric with the same unit, statistic, dimensions and description', () => {
    const section = document.split('\n## Outgoing webhooks\n', 2)[1]!.split('\n## ', 1)[0]!;
    const rows = [...section.matchAll(/^\| `(.+?)` +\| (.+) \|$/gm)].map(([, name, row]) => [
      name,
      ...row!.split('|').map((cell) => cell.trim()),
    ]);
    expect(rows).toEqual(
      Object.values(webhookSendingMetrics).map(({ name, unit, kind, dimensions, description }) => [
        name,
        unit,
        STATISTIC[kind],
        dimensions.at(-1)!.join(', '),
        description,
      ]),
    );
  });
});
