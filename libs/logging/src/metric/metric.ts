import { metricIntervalMs, onFlush, writeMetrics } from '../output/log-output.js';
import { emfTexts, type MeasuredMetric } from './emf-text.js';
import type { MetricDefinition, MetricDimensions } from './metric.definition.js';

const MAX_KEPT_VALUES = 500; // of a distribution between two lines; beyond that a fair sample
const MAX_SERIES = 1_000; // a dimension whose values never end must not fill the memory

interface Series {
  readonly dimensions: MetricDimensions;
  readonly metrics: Map<MetricDefinition, Collected>;
}

interface Collected {
  readonly values: number[];
  /** How many there were, those included of which `values` is a sample. */
  count: number;
}

const allSeries = new Map<string, Series>();
const dimensionSetTexts = new WeakMap<MetricDefinition['dimensions'], string>();
let timer: NodeJS.Timeout | undefined;

onFlush(flushMetrics);

/**
 * Measures something: a gauge keeps the last value, a counter adds up, a distribution keeps the values (of more than 500 a
 * fair sample); a list counts as each of its values. What has gathered is printed after METRIC_INTERVAL_MS (half a minute), at the end of the process, and by flushMetrics, whatever
 * LOG_LEVEL says. A value that is no finite number is left out. Never throws.
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
 * Prints what has gathered as lines of CloudWatch's embedded metric format. A Lambda calls it, then flushLogs, before it answers: it may be
 * frozen for good afterwards.
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
  const key = JSON.stringify(dimensions) + dimensionSetsText(definition.dimensions); // a line has one list of sets for all of its metrics
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
