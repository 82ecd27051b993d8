import { metricIntervalMs, onFlush, writeMetrics } from '../output/log-output.js';
import { emfTexts, type MeasuredMetric } from './emf-text.js';
import type { MetricDefinition, MetricDimensions } from './metric.definition.js';

const MAX_KEPT_VALUES = 500; // of one distribution between two flushes; beyond that a uniform sample
const MAX_SERIES = 1_000; // bounds memory if a dimension has unbounded values

interface Series {
  readonly dimensions: MetricDimensions;
  readonly metrics: Map<MetricDefinition, Collected>;
}

interface Collected {
  readonly values: number[];
  /** The number of all collected values, including those that the sample in `values` omits. */
  count: number;
}

const allSeries = new Map<string, Series>();
const dimensionSetTexts = new WeakMap<MetricDefinition['dimensions'], string>();
let timer: NodeJS.Timeout | undefined;

onFlush(flushMetrics);

/**
 * Records one value, or each value of a list. A gauge keeps the last value and a counter keeps the sum. A distribution keeps
 * up to 500 values, beyond that a uniform sample.
 *
 * The values are printed METRIC_INTERVAL_MS (default 30 seconds) after the first one, at the end of the process, and by
 * flushMetrics, independent of LOG_LEVEL. Values that are not finite numbers are ignored. Beyond 1,000 combinations of
 * dimension values between two flushes, new combinations are dropped. Never throws.
 */
export function metric(definition: MetricDefinition, value: number | readonly number[], dimensions: MetricDimensions = {}): void {
  const numbers = (typeof value === 'object' ? (value ?? []) : [value]).filter(Number.isFinite);
  const collected = numbers.length > 0 && findOrAddCollected(definition, dimensions);
  if (!collected) return;
  timer ??= setTimeout(flushMetrics, metricIntervalMs()).unref();
  for (const number of numbers) collect(definition, collected, number);
}

function collect(definition: MetricDefinition, collected: Collected, value: number): void {
  const { values } = collected;
  collected.count++;
  if (definition.kind === 'gauge') values[0] = value;
  else if (definition.kind === 'counter') values[0] = (values[0] ?? 0) + value;
  else if (values.length < MAX_KEPT_VALUES) values.push(value);
  else {
    const place = Math.floor(Math.random() * collected.count); // algorithm R: each value has the same chance to stay
    if (place < MAX_KEPT_VALUES) values[place] = value;
  }
}

/**
 * Prints the collected values as lines in CloudWatch's embedded metric format. A Lambda must call it, then flushLogs, before
 * it responds, because the runtime can freeze the process afterwards and never resume it.
 */
export function flushMetrics(): void {
  clearTimeout(timer);
  timer = undefined;
  const taken = [...allSeries.values()];
  allSeries.clear();
  for (const { dimensions, metrics } of taken) {
    const measured = [...metrics].map(([definition, { values }]): MeasuredMetric => [definition, values]);
    writeMetrics((origin) => emfTexts(measured, dimensions, origin));
  }
}

function findOrAddCollected(definition: MetricDefinition, dimensions: MetricDimensions): Collected | undefined {
  const key = JSON.stringify(dimensions) + dimensionSetsText(definition.dimensions); // one line has one list of dimension sets
  let series = allSeries.get(key);
  if (!series) {
    if (allSeries.size >= MAX_SERIES) return undefined;
    allSeries.set(key, (series = { dimensions, metrics: new Map() }));
  }
  let collected = series.metrics.get(definition);
  if (!collected) series.metrics.set(definition, (collected = { values: [], count: 0 }));
  return collected;
}

function dimensionSetsText(sets: MetricDefinition['dimensions']): string {
  const known = dimensionSetTexts.get(sets);
  if (known !== undefined) return known;
  const text = JSON.stringify(sets);
  dimensionSetTexts.set(sets, text);
  return text;
}
