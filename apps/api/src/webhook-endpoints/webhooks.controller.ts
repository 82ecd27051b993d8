import { Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { customerEventTypes } from '@pikaia/webhooks';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { webhooksRedelivered } from './audit-actions.js';
import { WebhookDeliveryService } from './webhook-delivery.service.js';
import { WebhookDeliveryDetailsView, WebhookDeliveryView } from './webhook-delivery.views.js';
import { EventTypesView } from './webhook-endpoint.views.js';

const path = { id: 'The id of the delivery.' };

@Controller('webhooks')
@AllowedTo('admin')
export class WebhooksController {
  constructor(private readonly deliveries: WebhookDeliveryService) {}

  @Get('event-types')
  @Endpoint({ summary: 'List the types of events that webhook endpoints can get', responses: { 200: EventTypesView } })
  listEventTypes() {
    return { data: customerEventTypes() };
  }

  @Get('deliveries/:id')
  @Endpoint({
    summary: 'Show a webhook delivery with its attempts',
    path,
    responses: { 200: WebhookDeliveryDetailsView },
    problems: ['not-found'],
  })
  async showDelivery(@CurrentIdentity() { organizationId }: MemberIdentity, @Param('id', IdPipe) id: string) {
    return this.deliveries.get(organizationId, id);
  }

  @Post('deliveries/:id/redeliver')
  @Endpoint({
    summary: 'Send the event of a webhook delivery again',
    description: 'The header `webhook-id` is the same, so a receiver that remembers it ignores the event.',
    path,
    responses: { 202: WebhookDeliveryView },
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(webhooksRedelivered)
  async redeliver(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string) {
    return this.deliveries.redeliver(admin, id);
  }
}
