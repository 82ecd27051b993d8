import { Controller, Get, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { NotAudited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { Signed, Webhook, type SignedRequest } from '../webhooks/webhook.decorator.js';
import { WebhookReceiver } from '../webhooks/webhook.receiver.js';
import { StripeWebhookSource } from './stripe-webhook.source.js';
import type { Subscription } from './subscription.entity.js';
import { SubscriptionService } from './subscription.service.js';

@Controller('billing')
export class BillingController {
  constructor(
    private readonly subscriptions: SubscriptionService,
    private readonly receiver: WebhookReceiver,
    private readonly stripe: StripeWebhookSource,
  ) {}

  @Get('subscription')
  @AllowedTo('member')
  async show(@CurrentIdentity() { organizationId }: MemberIdentity) {
    return view(await this.subscriptions.get(organizationId));
  }

  @Post('webhook')
  @HttpCode(HttpStatus.OK)
  @Webhook('stripe')
  @NotAudited('each change that an event causes is recorded; many events change nothing')
  async receive(@Signed() request: SignedRequest) {
    if (!this.stripe.isConfigured) throw Problem.notFound('Billing is not configured.');
    return this.receiver.receive(this.stripe, request);
  }
}

const view = (subscription: Subscription) => ({
  id: subscription.id,
  status: subscription.status,
  is_active: subscription.activeSince !== null,
  price_id: subscription.priceId,
  quantity: subscription.quantity,
  current_period_start: subscription.currentPeriodStart,
  current_period_end: subscription.currentPeriodEnd,
  cancel_at_period_end: subscription.cancelAtPeriodEnd,
});
