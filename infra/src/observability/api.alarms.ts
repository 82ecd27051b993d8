import { MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { apiMetrics, FIVE_MINUTES, MINUTE } from './metrics.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

export function apiAlarms(stacks: MonitoredStacks, thresholds: AlarmThresholds): AlarmDefinition[] {
  const { latency, healthyHosts } = apiMetrics(stacks, MINUTE);
  return [
    {
      name: 'pikaia-high-error-rate',
      means: `More than ${thresholds.errorRate} % of requests end with a 5xx response.`,
      metric: errorRate(stacks, thresholds.errorRateRequests),
      comparison: 'above',
      threshold: thresholds.errorRate,
      periods: thresholds.errorRatePeriods,
      missing: TreatMissingData.NOT_BREACHING,
      pages: true,
    },
    {
      name: 'pikaia-high-latency',
      means: `The p99 response time is above ${thresholds.latency} s.`,
      metric: latency(99),
      comparison: 'above',
      threshold: thresholds.latency,
      periods: thresholds.latencyPeriods,
      missing: TreatMissingData.NOT_BREACHING,
      pages: true,
    },
    {
      name: 'pikaia-unhealthy-hosts',
      means: `Fewer than ${thresholds.healthyHosts} api tasks are healthy.`,
      metric: healthyHosts,
      comparison: 'below',
      threshold: thresholds.healthyHosts,
      periods: thresholds.healthyHostsPeriods,
      missing: TreatMissingData.BREACHING,
      pages: true,
    },
  ];
}

/**
 * The percentage of 5xx responses. Error counts have no data point in a period without errors, so the expression uses FILL. It
 * uses SUM of a list because + needs a data point on both sides. The request count includes only requests that reached a target.
 * The expression adds the errors of the load balancer, or an api without healthy tasks would have no errors.
 *
 * A period with fewer requests than the minimum counts as 0. The minimum is low, so that the alarm goes off if an api with one
 * request per minute fails all of them. It only prevents an alarm for one or two stray errors at night.
 */
function errorRate(stacks: MonitoredStacks, minimum: number): MathExpression {
  const { requests, targetErrors, balancerErrors } = apiMetrics(stacks, FIVE_MINUTES);
  const total = 'SUM([FILL(requests, 0), FILL(balancerErrors, 0)])';
  const errors = 'SUM([FILL(targetErrors, 0), FILL(balancerErrors, 0)])';
  const notZero = `(${total} + (${total} < 1))`;
  return new MathExpression({
    label: '5xx of all requests, %',
    expression: `IF(${total} >= ${minimum}, 100 * ${errors} / ${notZero}, 0)`,
    usingMetrics: { requests, targetErrors, balancerErrors },
    period: FIVE_MINUTES,
  });
}
