import { auditAction } from '@pikaia/audit';
import { WebhookEndpointDisabled } from '@pikaia/contracts';
import { WebhookEndpoint } from '../endpoint/webhook-endpoint.entity.js';

export const webhookEndpointDisabled = auditAction('webhook_endpoint.disabled', {
  aggregate: WebhookEndpoint,
  changes: 'required',
  event: WebhookEndpointDisabled,
  description: 'The worker disables a webhook endpoint, because its receiver fails.',
});
