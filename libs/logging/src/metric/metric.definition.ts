/** Under which CloudWatch lists every metric of ours. */
export const METRIC_NAMESPACE = 'Pikaia';

/** Those of CloudWatch's units that are in use. */
export type MetricUnit = 'Count' | 'Seconds' | 'Milliseconds';

/** What a metric may be told apart by. Never a user, an organization or an event: each value is a metric of its own. */
export type MetricDimension = 'service' | 'environment' | 'sink' | 'consumer';

/**
 * What the numbers are, and so which statistic says something about them: of a `gauge`, a state that is printed every
 * period also when it is 0, the maximum; of a `counter`, how often something happened, the sum; of a `distribution`, how
 * long each took, percentiles.
 */
export type MetricKind = 'gauge' | 'counter' | 'distribution';

/** The values of a metric's dimensions. `service` and `environment` come from the configuration of the logs. */
export type MetricDimensions = { readonly [Name in Exclude<MetricDimension, 'service' | 'environment'>]?: string };

export interface MetricDefinition {
  /** As CloudWatch lists it. Dashboards and alarms in the field name it, so it never changes. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  /** One line of EMF carries each of these sets: every set is a series of its own. */
  readonly dimensions: readonly (readonly MetricDimension[])[];
  readonly description: string;
}
