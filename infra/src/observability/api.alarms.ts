import { MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { apiMetrics, FIVE_MINUTES, MINUTE } from './metrics.ts';
import type { Watched } from './watched.ts';

export function apiAlarms(watched: Watched, at: AlarmThresholds): AlarmDefinition[] {
  const { latency, healthyHosts } = apiMetrics(watched, MINUTE);
  return [
    {
      name: 'pikaia-high-error-rate',
      means: `More than ${at.errorRate} % of the requests end in 5xx.`,
      metric: errorRate(watched, at.errorRateRequests),
      comparison: 'above',
      threshold: at.errorRate,
      periods: at.errorRatePeriods,
      missing: TreatMissingData.NOT_BREACHING,
      pages: true,
    },
    {
      name: 'pikaia-high-latency',
      means: `One request in a hundred takes longer than ${at.latency} s.`,
      metric: latency(99),
      comparison: 'above',
      threshold: at.latency,
      periods: at.latencyPeriods,
      missing: TreatMissingData.NOT_BREACHING,
      pages: true,
    },
    {
      name: 'pikaia-unhealthy-hosts',
      means: `Fewer than ${at.healthyHosts} tasks of the api are healthy.`,
      metric: healthyHosts,
      comparison: 'below',
      threshold: at.healthyHosts,
      periods: at.healthyHostsPeriods,
      missing: TreatMissingData.BREACHING,
      pages: true,
    },
  ];
}

/**
 * Percent of 5xx. Counts of errors are sparse: without an error there is no 0, hence FILL; and SUM of a list takes what is
 * there, where + needs both. Requests are those that reached a target, so what the balancer itself refused is added, or an
 * api that is gone would have no errors at all.
 *
 * A period with fewer requests than the minimum counts as 0. The minimum is low, so that an api with one request a minute
 * raises the alarm when all of them fail. It only keeps one or two stray errors at night from being a rate.
 */
function errorRate(watched: Watched, minimum: number): MathExpression {
  const { requests, targetErrors, balancerErrors } = apiMetrics(watched, FIVE_MINUTES);
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
