import type { MetricDefinition } from '@pikaia/logging';

/** The value of the dimension `service`: the api prints these metrics. */
export const WEBHOOK_METRICS_SERVICE = 'pikaia-api';

const DIMENSIONS = [
  ['service', 'environment'],
  ['service', 'environment', 'source'],
] as const;

/** The metrics of incoming webhooks. This file contains only data, so infrastructure code can import it. */
export const webhookMetrics = {
  handled: {
    name: 'webhook.handled',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Events of a provider that had an effect.',
  },
  duplicate: {
    name: 'webhook.duplicate',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Deliveries of an event that was processed before.',
  },
  ignored: {
    name: 'webhook.ignored',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description:
      'Events without an effect: of an unknown type or customer, older than the stored state, or equal to it. The line `webhook_processed` has the reason.',
  },
  refused: {
    name: 'webhook.refused',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Deliveries with an invalid signature. The line `webhook_refused` has the reason.',
  },
  failed: {
    name: 'webhook.failed',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Deliveries that could not be handled. The provider delivers the event again.',
  },
  silence: {
    name: 'webhook.silence_seconds',
    kind: 'gauge',
    unit: 'Seconds',
    dimensions: DIMENSIONS,
    description:
      'Time since the newest event of a provider. Only of a provider with 100 events in 35 days, because others are often silent.',
  },
  withoutAdmin: {
    name: 'organization.without_admin',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description:
      'Changes at a provider that left an organization without an admin. The line `organization_without_admin` names it.',
  },
} as const satisfies Record<string, MetricDefinition>;
