import { redactText } from '@pikaia/core';
import type { MetricOrigin } from '../output/log-output.js';
import { quote } from '../record/json-text.js';
import { METRIC_NAMESPACE, type MetricDefinition, type MetricDimensions } from './metric.definition.js';

const MAX_VALUES_PER_LINE = 100; // limit of the EMF specification for the values of one metric
const MAX_DIMENSION_LENGTH = 250; // characters of a dimension value

export type MeasuredMetric = readonly [MetricDefinition, readonly number[]];

/**
 * Returns the members that turn a log line into CloudWatch's embedded metric format (EMF): `_aws`, the dimensions and the
 * values. Each text is JSON with a comma before each member. A metric with more than 100 values needs several lines.
 *
 * All metrics in `measured` must have the same dimension sets. The line already contains `service` if the logs have one. A
 * dimension without a value is `unknown`, because CloudWatch ignores a line that lacks a dimension.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function emfTexts(measured: readonly MeasuredMetric[], given: MetricDimensions, origin: MetricOrigin): string[] {
  const sets = measured[0]![0].dimensions;
  const values: Record<string, string | undefined> = { ...given, environment: origin.environment };
  const names = new Set(sets.flat().filter((name) => name !== 'service' || origin.service === undefined));
  const dimensions = [...names]
    .map((name) => `,"${name}":${quote(redactText(values[name] || 'unknown').slice(0, MAX_DIMENSION_LENGTH))}`)
    .join('');
  const lines: string[] = [];
  for (let from = 0; from === 0 || measured.some(([, all]) => all.length > from); from += MAX_VALUES_PER_LINE) {
    const part = measured.filter(([, all]) => all.length > from);
    const metrics = part.map(([{ name, unit }]) => ({ Name: name, Unit: unit }));
    const directive = { Namespace: METRIC_NAMESPACE, Dimensions: sets, Metrics: metrics };
    const head = JSON.stringify({ Timestamp: origin.time, CloudWatchMetrics: [directive] });
    const body = part.map(([{ name }, all]) => {
      const some = all.slice(from, from + MAX_VALUES_PER_LINE);
      return `,${quote(name)}:${JSON.stringify(some.length === 1 ? some[0] : some)}`;
    });
    lines.push(`,"_aws":${head}${dimensions}${body.join('')}`);
  }
  return lines;
}
