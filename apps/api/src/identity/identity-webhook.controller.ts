import { Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { memberJoined, memberRemoved, memberRoleChanged } from '../members/audit-actions.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { organizationDeleted, organizationUpdated } from '../organizations/audit-actions.js';
import { Signed, Webhook, type SignedRequest } from '../webhooks/webhook.decorator.js';
import { WebhookReceiver } from '../webhooks/webhook.receiver.js';
import { WebhookView } from '../webhooks/webhook.views.js';
import { StytchWebhookBody } from './identity.views.js';
import { StytchWebhook } from './stytch-webhook.js';

@Controller('identity')
export class IdentityWebhookController {
  constructor(
    private readonly receiver: WebhookReceiver,
    private readonly stytch: StytchWebhook,
  ) {}

  @Post('webhook')
  @Endpoint({
    summary: 'Receive a change at the identity provider',
    description:
      'For Stytch alone, through Svix. The signature covers id, time and the bytes of the body, and is at most five minutes old. Responds 200 also to a webhook that changes nothing, and 404 if no signing secret is configured.',
    requestHeaders: [
      { name: 'Svix-Id', description: 'The id of the message, the same in all its deliveries.', example: 'msg_2mN9pQ' },
      { name: 'Svix-Timestamp', description: 'The time of the delivery, in seconds since 1970.', example: '1769848200' },
      {
        name: 'Svix-Signature',
        description: 'The signatures of the delivery, separated by spaces.',
        example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
      },
    ],
    body: StytchWebhookBody,
    example: {
      action: 'DELETE',
      object_type: 'member',
      source: 'SCIM',
      id: 'member-live-32fc5024-9c09-4da3-bd2e-c9ce4da9375f',
      timestamp: '2026-01-31T08:30:00.123456Z',
    },
    responses: { 200: WebhookView },
    problems: ['not-found'],
  })
  @HttpCode(HttpStatus.OK)
  @Webhook('stytch')
  @Audited(memberJoined, memberRoleChanged, memberRemoved, organizationUpdated, organizationDeleted)
  receive(@Signed() request: SignedRequest) {
    return this.receiver.receive(this.stytch, request);
  }
}
