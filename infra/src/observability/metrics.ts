import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { HttpCodeElb, HttpCodeTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { WEBHOOK_METRICS_SERVICE, webhookMetrics } from '@pikaia/api/webhook-metrics';
import { CONSUMER_METRICS_SERVICE, eventMetrics, METRIC_PERIOD_SECONDS, OUTBOX_METRICS_SERVICE } from '@pikaia/events/metrics';
import { WEBHOOK_SENDING_METRICS_SERVICE, webhookSendingMetrics } from '@pikaia/webhooks/metrics';
import { METRIC_NAMESPACE, type MetricDefinition, type MetricDimension } from '@pikaia/logging';
import { NODE_ENVIRONMENT } from '../settings/node-environment.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

export const MINUTE = Duration.minutes(1);
export const FIVE_MINUTES = Duration.minutes(5);
export const FIFTEEN_MINUTES = Duration.minutes(15);

const STATISTIC = { gauge: Stats.MAXIMUM, counter: Stats.SUM, distribution: Stats.p(99) };

/**
 * A metric that Pikaia's processes emit, with the period at which they emit it and the statistic of its kind.
 *
 * @throws Error if the metric has no such dimensions: the series would be empty without an error.
 */
export function ourMetric(
  { name, kind, dimensions }: MetricDefinition,
  values: Readonly<Partial<Record<MetricDimension, string>>>,
  statistic: string = STATISTIC[kind],
): Metric {
  const given = Object.keys(values).sort().join();
  if (!dimensions.some((set) => [...set].sort().join() === given)) {
    throw new Error(
      `${name} has no series with the dimensions ${given}. It has ${dimensions.map((set) => set.join()).join(' and ')}.`,
    );
  }
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: name,
    dimensionsMap: { ...values },
    statistic,
    period: Duration.seconds(METRIC_PERIOD_SECONDS),
  });
}

const outbox = { service: OUTBOX_METRICS_SERVICE, environment: NODE_ENVIRONMENT };
const consumers = { service: CONSUMER_METRICS_SERVICE, environment: NODE_ENVIRONMENT };

export const outboxMetric = (definition: MetricDefinition, statistic?: string): Metric =>
  ourMetric(definition, outbox, statistic);

const QUERY_FUNCTION = { gauge: 'MAX', counter: 'SUM' };

/** An outbox metric with one series for each sink, whatever the names of the sinks. */
export const outboxMetricBySink = (definition: MetricDefinition): MathExpression => metricBy('sink', definition, outbox);

/** A metric of incoming webhooks with one series for each provider. */
export const webhookMetricBySource = (definition: MetricDefinition, period?: Duration): MathExpression =>
  metricBy('source', definition, { service: WEBHOOK_METRICS_SERVICE, environment: NODE_ENVIRONMENT }, period);

/** A metric of outgoing webhooks. */
export const webhookSendingMetric = (definition: MetricDefinition): Metric =>
  ourMetric(definition, { service: WEBHOOK_SENDING_METRICS_SERVICE, environment: NODE_ENVIRONMENT });

/** Failed attempts to send a webhook, with one series for each code. */
export const failedWebhooksByCode = (): MathExpression =>
  metricBy('code', webhookSendingMetrics.failed, { service: WEBHOOK_SENDING_METRICS_SERVICE, environment: NODE_ENVIRONMENT });

/**
 * A metric with one series for each value of a dimension. An alarm evaluates each series separately and notifies for each. It requires
 * GROUP BY and ORDER BY.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Metrics_Insights_Alarm.html
 * @throws Error for a distribution, because a query cannot compute percentiles, and for a metric that has no such series
 */
function metricBy(
  dimension: MetricDimension,
  { name, kind, dimensions }: MetricDefinition,
  values: Readonly<Record<string, string>>,
  period = Duration.seconds(METRIC_PERIOD_SECONDS),
): MathExpression {
  const names = dimensions.find((set) => set.includes(dimension));
  if (!names || kind === 'distribution') throw new Error(`${name} has no series that a query can group by ${dimension}.`);
  const function_ = QUERY_FUNCTION[kind];
  const schema = [METRIC_NAMESPACE, ...names].map((part) => `"${part}"`).join(', ');
  const where = Object.entries(values).map(([key, value]) => `"${key}" = '${value}'`);
  return new MathExpression({
    label: name,
    expression: `SELECT ${function_}("${name}") FROM SCHEMA(${schema}) WHERE ${where.join(' AND ')} GROUP BY "${dimension}" ORDER BY ${function_}() DESC`,
    period,
  });
}

export const consumerMetric = (definition: MetricDefinition, consumer: string, statistic?: string): Metric =>
  ourMetric(definition, { ...consumers, consumer }, statistic);

/** A metric of an EventBridge rule. "Metrics that specify both the EventBusName and RuleName dimensions refer to a custom event bus." */
export const ruleMetric = (
  metricName: 'FailedInvocations' | 'InvocationsSentToDlq' | 'InvocationsFailedToBeSentToDlq',
  rule: string,
  bus: string,
): Metric =>
  new Metric({
    namespace: 'AWS/Events',
    metricName,
    dimensionsMap: { EventBusName: bus, RuleName: rule },
    period: MINUTE,
    statistic: Stats.SUM,
    label: `${rule} ${metricName}`,
  });

/** Metrics of the api, measured by its load balancer. */
export const apiMetrics = ({ app }: MonitoredStacks, period: Duration) => {
  const { metrics } = app.api.balancer;
  const sum = { period, statistic: Stats.SUM };
  return {
    requests: metrics.requestCount(sum),
    targetErrors: metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, sum),
    balancerErrors: metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, sum),
    latency: (percentile: number): IMetric => metrics.targetResponseTime({ period, statistic: Stats.p(percentile) }),
    // The maximum, because each node of the load balancer counts separately, and a zone without tasks would make the minimum 0.
    healthyHosts: app.api.targets.metrics.healthyHostCount({ period, statistic: Stats.MAXIMUM }),
  };
};

/** Metrics of the busiest task. An average over the leading and the standby worker would hide the load of the leader. */
export const serviceMetrics = ({ app }: MonitoredStacks, period: Duration) => {
  const busiest = { period, statistic: Stats.MAXIMUM };
  const { api, worker } = app;
  return {
    cpu: { api: api.service.metricCpuUtilization(busiest), worker: worker.service.metricCpuUtilization(busiest) },
    memory: { api: api.service.metricMemoryUtilization(busiest), worker: worker.service.metricMemoryUtilization(busiest) },
  };
};

/** Metrics of the busiest database instance. */
export const databaseMetrics = ({ data: { cluster } }: MonitoredStacks, period: Duration) => {
  const of = (name: string, statistic: string): IMetric => cluster.metric(name, { period, statistic });
  return {
    cpu: of('CPUUtilization', Stats.MAXIMUM),
    connections: of('DatabaseConnections', Stats.MAXIMUM),
    capacity: of('ServerlessDatabaseCapacity', Stats.MAXIMUM),
    readLatency: of('ReadLatency', Stats.AVERAGE),
    writeLatency: of('WriteLatency', Stats.AVERAGE),
    xidAge: of('MaximumUsedTransactionIDs', Stats.MAXIMUM),
  };
};

export { eventMetrics, webhookMetrics, webhookSendingMetrics };
