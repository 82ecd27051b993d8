import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scalingDocument } from '../../scripts/scaling/document.mjs';
import { sharesAt } from '../../scripts/scaling/load.mjs';
import { newestResults } from '../../scripts/scaling/results.mjs';

describe('docs/scaling.md', () => {
  it("says what the benchmarks' newest results say; otherwise run: npm run docs:scaling", () => {
    expect(readFileSync(join(__dirname, '../../docs/scaling.md'), 'utf8')).toBe(scalingDocument(newestResults()));
  });

  const costs = {
    publishProcess: 100,
    publishDatabase: 150,
    wal: 1000,
    logBytes: 1200,
    readDatabase: 10,
    relayRate: 100_000,
    sdkRate: 8000,
  };

  it('puts first what a rate takes the greatest share of', () => {
    const { shares, order } = sharesAt(10_000, costs);
    expect(order).toEqual(['sdk', 'quota', 'database', 'relay']);
    expect(shares['sdk']).toBeCloseTo(1.25);
    expect(shares['database']).toBeCloseTo(0.1);
  });

  it('puts the database first where it is the slow part (planted)', () => {
    expect(sharesAt(10_000, { ...costs, publishDatabase: 5000 }).order[0]).toBe('database');
  });
});
