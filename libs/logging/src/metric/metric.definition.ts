/** The CloudWatch namespace of all metrics. */
export const METRIC_NAMESPACE = 'Pikaia';

/** The CloudWatch units in use. */
export type MetricUnit = 'Count' | 'Seconds' | 'Milliseconds';

/**
 * The dimensions of metrics. Users, organizations and events are excluded, because CloudWatch treats each value as a separate
 * metric.
 */
export type MetricDimension = 'service' | 'environment' | 'sink' | 'consumer' | 'source' | 'limit' | 'code';

/**
 * The kind determines the statistic to read:
 *
 * - `gauge`: a state, printed every period even if it is 0. Read the maximum.
 * - `counter`: a number of occurrences. Read the sum.
 * - `distribution`: individual values such as durations. Read percentiles.
 */
export type MetricKind = 'gauge' | 'counter' | 'distribution';

/** The values of a metric's dimensions. `service` and `environment` come from the configuration of the logs. */
export type MetricDimensions = { readonly [Name in Exclude<MetricDimension, 'service' | 'environment'>]?: string };

export interface MetricDefinition {
  /** The name in CloudWatch. It never changes, because deployed dashboards and alarms refer to it. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  /** The dimension sets of each line. CloudWatch keeps one series for each set. */
  readonly dimensions: readonly (readonly MetricDimension[])[];
  readonly description: string;
}
