import { Module } from '@nestjs/common';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import { SecretReencryption } from './secret-reencryption.js';
import { WebhookDeliveryService } from './webhook-delivery.service.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';
import { WebhooksController } from './webhooks.controller.js';

/** The webhook endpoints of organizations. The worker sends the events. */
@Module({
  imports: [OrganizationsModule],
  controllers: [WebhookEndpointsController, WebhooksController],
  providers: [WebhookEndpointService, WebhookDeliveryService, EndpointSecrets, SecretReencryption],
})
export class WebhookEndpointsModule {}
