import { Controller, Get, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { Signed, Webhook, type SignedRequest } from '../webhooks/webhook.decorator.js';
import { WebhookReceiver } from '../webhooks/webhook.receiver.js';
import { WebhookView } from '../webhooks/webhook.views.js';
import { billingLinked, subscriptionActivated, subscriptionCanceled, subscriptionUpdated } from './audit-actions.js';
import { StripeEventBody, subscriptionView, SubscriptionView } from './billing.views.js';
import { StripeWebhookSource } from './stripe-webhook.source.js';
import { SubscriptionService } from './subscription.service.js';

@Controller('billing')
export class BillingController {
  constructor(
    private readonly subscriptions: SubscriptionService,
    private readonly receiver: WebhookReceiver,
    private readonly stripe: StripeWebhookSource,
  ) {}

  @Get('subscription')
  @Endpoint({
    summary: 'Show the subscription of the organization',
    description: 'The active subscription, otherwise the newest one. Responds 404 if there is none.',
    responses: { 200: SubscriptionView },
    problems: ['not-found'],
  })
  @AllowedTo('member')
  async show(@CurrentIdentity() { organizationId }: MemberIdentity) {
    return subscriptionView(await this.subscriptions.get(organizationId));
  }

  @Post('webhook')
  @Endpoint({
    summary: 'Receive an event of Stripe',
    description:
      'For Stripe alone. The signature covers the bytes of the body and is at most five minutes old. Responds 404 if billing is not configured.',
    requestHeaders: [
      {
        name: 'Stripe-Signature',
        description: 'The signatures of the delivery.',
        example: 't=1757695235,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
      },
    ],
    body: StripeEventBody,
    example: {
      id: 'evt_1S6a1XRrCEELX9AhkYFodtWN',
      type: 'customer.subscription.updated',
      created: 1_757_695_235,
      data: { object: {} },
    },
    responses: { 200: WebhookView },
    problems: ['not-found'],
  })
  @HttpCode(HttpStatus.OK)
  @Webhook('stripe')
  @Audited(subscriptionActivated, subscriptionUpdated, subscriptionCanceled, billingLinked)
  receive(@Signed() request: SignedRequest) {
    return this.receiver.receive(this.stripe, request);
  }
}
