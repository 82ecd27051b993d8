import type { MetricDefinition } from '@pikaia/logging';

/** The metrics of the api. This file contains only data, so infrastructure code can import it. */
export const apiMetrics = {
  rateLimited: {
    name: 'http.rate_limited',
    kind: 'counter',
    unit: 'Count',
    dimensions: [
      ['service', 'environment'],
      ['service', 'environment', 'limit'],
    ],
    description: 'Requests that a rate limit has refused: of an address, a webhook, a session or an organization.',
  },
} as const satisfies Record<string, MetricDefinition>;
