export { newEndpointSecret } from './endpoint/endpoint-secret.js';
export { SecretCipher, type EncryptedText } from './endpoint/secret.cipher.js';
export {
  ALL_EVENT_TYPES,
  WebhookEndpoint,
  type DisabledReason,
  type EndpointStatus,
} from './endpoint/webhook-endpoint.entity.js';
export { WebhookSettings } from './endpoint/webhook.settings.js';
export { CUSTOMER_EVENTS } from './fan-out/customer-events.js';
export { WebhookFanOut } from './fan-out/webhook-fan-out.consumer.js';
