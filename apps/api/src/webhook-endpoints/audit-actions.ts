import { auditAction } from '@pikaia/audit';
import { WebhookEndpointCreated, WebhookEndpointDeleted, WebhookEndpointUpdated } from '@pikaia/contracts';
import { WebhookEndpoint } from '@pikaia/webhooks';

export const webhookEndpointCreated = auditAction('webhook_endpoint.created', {
  aggregate: WebhookEndpoint,
  changes: 'required',
  event: WebhookEndpointCreated,
  description: 'An admin registers a URL to which events of the organization are sent.',
});

export const webhookEndpointUpdated = auditAction('webhook_endpoint.updated', {
  aggregate: WebhookEndpoint,
  changes: 'required',
  event: WebhookEndpointUpdated,
  description: 'An admin changes, enables or disables a webhook endpoint.',
});

export const webhookEndpointDeleted = auditAction('webhook_endpoint.deleted', {
  aggregate: WebhookEndpoint,
  changes: 'required',
  event: WebhookEndpointDeleted,
  description: 'An admin deletes a webhook endpoint.',
});

export const webhookSecretRotated = auditAction('webhook_endpoint.secret_rotated', {
  aggregate: WebhookEndpoint,
  changes: 'none',
  description: 'An admin replaces the signing secret of a webhook endpoint.',
});

export const webhookEndpointTested = auditAction('webhook_endpoint.tested', {
  aggregate: WebhookEndpoint,
  changes: 'none',
  description: 'An admin has a test event sent to a webhook endpoint.',
});

export const webhooksRedelivered = auditAction('webhook_endpoint.redelivered', {
  aggregate: WebhookEndpoint,
  changes: 'none',
  description: 'An admin has one or more events sent to a webhook endpoint again.',
});
