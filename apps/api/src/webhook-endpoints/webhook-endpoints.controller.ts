import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import type { FastifyReply } from 'fastify';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { SealedResponse } from '../idempotency/sealed-response.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { etagOf } from '../preconditions/entity-tags.js';
import { HasETag } from '../preconditions/etag.interceptor.js';
import { IdPipe } from '../server/id.pipe.js';
import { PageRequest } from '../server/page.request.js';
import {
  webhookEndpointCreated,
  webhookEndpointDeleted,
  webhookEndpointTested,
  webhookEndpointUpdated,
  webhookSecretRotated,
  webhooksRedelivered,
} from './audit-actions.js';
import { FindDeliveriesRequest, RecoverRequest } from './webhook-delivery.requests.js';
import { WebhookDeliveryService } from './webhook-delivery.service.js';
import { RecoveredView, WebhookDeliveryPage, WebhookDeliveryView } from './webhook-delivery.views.js';
import { CreateWebhookEndpointRequest, RotateSecretRequest, UpdateWebhookEndpointRequest } from './webhook-endpoint.requests.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';
import {
  CreatedWebhookEndpointView,
  RotatedSecretView,
  WebhookEndpointPage,
  webhookEndpointView,
  WebhookEndpointView,
} from './webhook-endpoint.views.js';

const path = { id: 'The id of the endpoint.' };

@Controller('webhooks/endpoints')
@AllowedTo('admin')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: WebhookEndpointService,
    private readonly deliveries: WebhookDeliveryService,
  ) {}

  @Get()
  @Endpoint({ summary: 'List webhook endpoints', description: 'Oldest first.', responses: { 200: WebhookEndpointPage } })
  async list(@CurrentIdentity() { organizationId }: MemberIdentity, @Query() page: PageRequest) {
    const { endpoints, nextCursor } = await this.endpoints.list(organizationId, page);
    return { data: endpoints.map(webhookEndpointView), next_cursor: nextCursor };
  }

  @Post()
  @Endpoint({
    summary: 'Register a webhook endpoint',
    description:
      'Events of the organization that occur from now on are sent to the URL, as Standard Webhooks describes. Only this response contains the secret. An organization can have 20 endpoints.',
    example: { url: 'https://example.com/webhooks', description: 'Invoices', event_types: ['subscription.updated'] },
    responses: { 201: CreatedWebhookEndpointView },
    responseHeaders: [{ name: 'ETag', description: 'The ETag of the endpoint.', example: '"Zf0w2o6v5l1dWq5nYv7n3A"' }],
    problems: ['conflict'],
  })
  @Audited(webhookEndpointCreated)
  @SealedResponse()
  async create(
    @CurrentIdentity() admin: MemberIdentity,
    @Body() request: CreateWebhookEndpointRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { endpoint, secret } = await this.endpoints.create(admin, request);
    const view = webhookEndpointView(endpoint);
    void reply.header('etag', etagOf(view));
    return { ...view, secret };
  }

  @Get(':id')
  @Endpoint({ summary: 'Show a webhook endpoint', path, responses: { 200: WebhookEndpointView }, problems: ['not-found'] })
  @HasETag()
  async show(@CurrentIdentity() { organizationId }: MemberIdentity, @Param('id', IdPipe) id: string) {
    return webhookEndpointView(await this.endpoints.get(organizationId, id));
  }

  @Patch(':id')
  @Endpoint({
    summary: 'Change, enable or disable a webhook endpoint',
    description: 'Absent fields stay unchanged.',
    path,
    example: { event_types: ['member.joined', 'member.removed'], status: 'enabled' },
    responses: { 200: WebhookEndpointView },
    problems: ['not-found'],
  })
  @HasETag()
  @Audited(webhookEndpointUpdated)
  async update(
    @CurrentIdentity() admin: MemberIdentity,
    @Param('id', IdPipe) id: string,
    @Body() changes: UpdateWebhookEndpointRequest,
  ) {
    return webhookEndpointView(await this.endpoints.update(admin, id, changes));
  }

  @Delete(':id')
  @Endpoint({
    summary: 'Delete a webhook endpoint',
    description: 'Its pending deliveries are canceled.',
    path,
    responses: { 204: null },
    problems: ['not-found'],
  })
  @HasETag()
  @HttpCode(HttpStatus.NO_CONTENT)
  @Audited(webhookEndpointDeleted)
  async remove(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string): Promise<void> {
    await this.endpoints.remove(admin, id);
  }

  @Post(':id/secret/rotate')
  @Endpoint({
    summary: 'Replace the signing secret of a webhook endpoint',
    description:
      'Until `previous_secrets_expire_at`, events are signed with the replaced secrets too. Only this response contains the new secret. At most 5 replaced secrets can sign at a time.',
    path,
    example: { overlap_hours: 24 },
    responses: { 200: RotatedSecretView },
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.OK)
  @Audited(webhookSecretRotated)
  @SealedResponse()
  async rotateSecret(
    @CurrentIdentity() admin: MemberIdentity,
    @Param('id', IdPipe) id: string,
    @Body() { overlap_hours: overlapHours }: RotateSecretRequest,
  ) {
    const { secret, expiresAt } = await this.endpoints.rotateSecret(admin, id, overlapHours);
    return { secret, previous_secrets_expire_at: expiresAt };
  }

  @Post(':id/test')
  @Endpoint({
    summary: 'Send a test event to a webhook endpoint',
    description: 'The type of the event is `webhook.test`. Read the delivery to see the result.',
    path,
    responses: { 202: WebhookDeliveryView },
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(webhookEndpointTested)
  async test(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string) {
    return this.deliveries.test(admin, id);
  }

  @Post(':id/recover')
  @Endpoint({
    summary: 'Send the failed deliveries of a webhook endpoint again',
    description: 'Sends at most 1,000, the oldest first. A delivery that was sent again before is left out, and so is a test.',
    path,
    example: { since: '2026-01-31T08:30:00.000Z' },
    responses: { 202: RecoveredView },
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(webhooksRedelivered)
  async recover(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string, @Body() { since }: RecoverRequest) {
    return this.deliveries.recover(admin, id, since);
  }

  @Get(':id/deliveries')
  @Endpoint({
    summary: 'List the deliveries of a webhook endpoint',
    description: 'Newest first. A delivery is removed some weeks after it has its final status.',
    path,
    responses: { 200: WebhookDeliveryPage },
    problems: ['not-found'],
  })
  async listDeliveries(
    @CurrentIdentity() { organizationId }: MemberIdentity,
    @Param('id', IdPipe) id: string,
    @Query() request: FindDeliveriesRequest,
  ) {
    const { deliveries, nextCursor } = await this.deliveries.list(organizationId, id, request);
    return { data: deliveries, next_cursor: nextCursor };
  }
}
