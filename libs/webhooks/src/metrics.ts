import type { MetricDefinition } from '@pikaia/logging';

/** The value of the dimension `service`: the worker prints these metrics. */
export const WEBHOOK_SENDING_METRICS_SERVICE = 'pikaia-outbox-worker';

const DIMENSIONS = [['service', 'environment']] as const;
const CODE_DIMENSIONS = [...DIMENSIONS, ['service', 'environment', 'code']] as const;

/**
 * The metrics of outgoing webhooks. Every worker prints the gauges, which are values of the database. This file contains only data, so
 * infrastructure code can import it.
 */
export const webhookSendingMetrics = {
  sent: {
    name: 'webhook_delivery.sent',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Attempts that a receiver accepted with status 2xx.',
  },
  failed: {
    name: 'webhook_delivery.failed',
    kind: 'counter',
    unit: 'Count',
    dimensions: CODE_DIMENSIONS,
    description: 'Attempts that failed, by the code of the failure, such as `timeout`. Most failures are faults of a receiver.',
  },
  duration: {
    name: 'webhook_delivery.duration',
    kind: 'distribution',
    unit: 'Milliseconds',
    dimensions: DIMENSIONS,
    description: 'Duration of an attempt.',
  },
  blocked: {
    name: 'webhook_delivery.blocked',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Deliveries that could not be attempted, because a secret of their endpoint cannot be decrypted.',
  },
  due: {
    name: 'webhook_delivery.due',
    kind: 'gauge',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Deliveries that could be attempted now. The count stops at 10 001.',
  },
  oldestDue: {
    name: 'webhook_delivery.oldest_due_seconds',
    kind: 'gauge',
    unit: 'Seconds',
    dimensions: DIMENSIONS,
    description:
      'How long the oldest of them has been due. Deliveries to an endpoint that is paused or attempted at the moment do not count.',
  },
  disabled: {
    name: 'webhook_endpoint.disabled',
    kind: 'counter',
    unit: 'Count',
    dimensions: DIMENSIONS,
    description: 'Endpoints that were disabled because their receiver fails. The line `webhook_endpoint_disabled` names them.',
  },
} as const satisfies Record<string, MetricDefinition>;
