import fc from 'fast-check';
import { configureLogging, flushLogs } from '../output/log-output.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import type { MetricDefinition, MetricKind } from './metric.definition.js';
import { flushMetrics, metric } from './metric.js';

const definition = (name: string, kind: MetricKind): MetricDefinition => ({
  name,
  kind,
  unit: 'Count',
  dimensions: [
    ['service', 'environment'],
    ['service', 'environment', 'sink'],
  ],
  description: 'For the spec.',
});
const backlog = definition('spec.backlog', 'gauge');
const published = definition('spec.published', 'counter');
const latency = definition('spec.latency', 'distribution');

interface EmfLine extends Record<string, unknown> {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
}

/** Checks a line against the EMF specification, so that CloudWatch accepts each of its metrics. */
function expectValid(line: EmfLine): void {
  const { Timestamp, CloudWatchMetrics } = line._aws;
  expect(Number.isInteger(Timestamp)).toBe(true);
  for (const { Namespace, Dimensions, Metrics } of CloudWatchMetrics) {
    expect(Namespace).toBe('Pikaia');
    for (const name of Dimensions.flat()) expect(line[name]).toEqual(expect.stringMatching(/^.{1,250}$/s));
    expect(Metrics.length).toBeGreaterThan(0);
    for (const { Name } of Metrics) {
      const values = [line[Name]].flat();
      expect(values.length).toBeGreaterThan(0);
      expect(values.length).toBeLessThanOrEqual(100);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  }
}

describe('metric', () => {
  let logs: CapturedLogs;

  beforeEach(() => {
    configureLogging({ service: 'spec', env: 'test', level: 'critical' });
    flushMetrics();
    logs = captureLogs();
  });
  afterEach(() => {
    flushMetrics();
    logs.restore();
  });

  const lines = (): EmfLine[] => logs.records as readonly unknown[] as EmfLine[];

  it('writes the dimension sets of the metrics to each line', () => {
    const ofAll: MetricDefinition = { ...published, name: 'spec.of_all', dimensions: [['service']] };
    for (const one of [published, ofAll]) metric(one, 1, { sink: 'bus' });
    flushMetrics();
    expect(lines().map(({ _aws }) => _aws.CloudWatchMetrics[0]!.Dimensions)).toEqual([published.dimensions, ofAll.dimensions]);
  });

  it('prints the last value of a gauge, the sum of a counter and all values of a distribution in one line', () => {
    for (const value of [7, 3, 0]) metric(backlog, value, { sink: 'bus' });
    for (const value of [1, 0, 2]) metric(published, value, { sink: 'bus' });
    metric(latency, [5, 9], { sink: 'bus' });
    flushMetrics();
    expect(lines()).toEqual([
      expect.objectContaining({
        event: 'metrics_measured',
        level: 'INFO',
        environment: 'test',
        sink: 'bus',
        'spec.backlog': 0,
        'spec.published': 3,
        'spec.latency': [5, 9],
      }),
    ]);
    expectValid(lines()[0]!);
    flushMetrics();
    expect(lines()).toHaveLength(1);
  });

  it('prints one line for each combination of dimension values, with unknown for a missing one', () => {
    metric(published, 1, { sink: 'one' });
    metric(published, 1, { sink: 'two' });
    metric(published, 1);
    flushMetrics();
    expect(lines().map(({ sink }) => sink)).toEqual(['one', 'two', 'unknown']);
    for (const line of lines()) expectValid(line);
  });

  it('ignores values that are not finite numbers, and prints no line without values', () => {
    for (const value of [Number.NaN, Infinity, null as unknown as number, undefined as unknown as number, [], [Number.NaN]])
      metric(backlog, value);
    flushMetrics();
    expect(lines()).toEqual([]);
  });

  it('prints at most 100 values in a line, and a uniform sample of 500 if there are more', () => {
    for (let value = 0; value < 10_000; value++) metric(latency, value);
    flushMetrics();
    expect(lines()).toHaveLength(5);
    for (const line of lines()) expectValid(line);
    const values = lines().flatMap((line) => line['spec.latency'] as number[]);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    expect(mean).toBeGreaterThan(4_000); // expected mean 5,000, standard error 130
    expect(mean).toBeLessThan(6_000);
  });

  it('prints valid EMF lines for any values and dimensions', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom(backlog, published, latency), fc.double(), fc.string({ unit: 'binary', maxLength: 300 })),
        ),
        (given) => {
          const before = lines().length;
          for (const [which, value, sink] of given) metric(which, value, { sink });
          flushMetrics();
          for (const line of lines().slice(before)) expectValid(line);
        },
      ),
    );
  });

  it('keeps at most 1,000 series if the values of a dimension never repeat', () => {
    for (let at = 0; at < 3_000; at++) metric(published, 1, { sink: String(at) });
    flushMetrics();
    expect(lines()).toHaveLength(1_000);
  });

  it('prints pending metrics when the logs are flushed, and after 30 seconds', () => {
    jest.useFakeTimers();
    try {
      metric(published, 1);
      flushLogs();
      expect(lines()).toHaveLength(1);
      metric(published, 1);
      jest.advanceTimersByTime(29_999);
      expect(lines()).toHaveLength(1);
      jest.advanceTimersByTime(1);
      expect(lines()).toHaveLength(2);
    } finally {
      jest.useRealTimers();
    }
  });
});
