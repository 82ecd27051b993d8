export { newEndpointSecret } from './endpoint/endpoint-secret.js';
export { canonicalEndpointUrl, ENDPOINT_URL_LIMITS, endpointUrlProblem, type EndpointUrlRules } from './endpoint/endpoint-url.js';
export { SecretCipher, type EncryptedText } from './endpoint/secret.cipher.js';
export {
  ALL_EVENT_TYPES,
  WebhookEndpoint,
  type DisabledReason,
  type EndpointStatus,
} from './endpoint/webhook-endpoint.entity.js';
export { WebhookRetentionSettings, WebhookSettings } from './endpoint/webhook.settings.js';
export { CUSTOMER_EVENTS, customerEventTypes, type CustomerEventType } from './fan-out/customer-events.js';
export { webhookDeliveriesRows, webhookDeliveriesTask } from './fan-out/deliveries.task.js';
export { payloadOf } from './fan-out/payload.js';
export { webhookEndpointDisabled } from './sending/audit-actions.js';
export { WebhookSendingSettings } from './sending/sending.settings.js';
export { WebhookSending, WebhookSendingModule } from './sending/webhook-sending.module.js';
export { WebhookFanOut } from './fan-out/webhook-fan-out.consumer.js';
