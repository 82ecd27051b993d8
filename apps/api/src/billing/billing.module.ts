import { Module, type OnModuleInit } from '@nestjs/common';
import { systemClock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import { WebhookMonitor } from '../webhooks/webhook.monitor.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { BillingController } from './billing.controller.js';
import { CustomerService } from './customer.service.js';
import { createStripeClient } from './stripe-client.js';
import { StripeSettings } from './stripe.settings.js';
import { StripeWebhookSource } from './stripe-webhook.source.js';
import { SubscriptionService } from './subscription.service.js';

const logger = getLogger('billing');

@Module({
  imports: [WebhooksModule],
  controllers: [BillingController],
  providers: [
    CustomerService,
    SubscriptionService,
    {
      provide: StripeWebhookSource,
      inject: [StripeSettings, CustomerService, SubscriptionService],
      useFactory: (settings: StripeSettings, customers: CustomerService, subscriptions: SubscriptionService) =>
        new StripeWebhookSource({
          secrets: settings.stripeSecrets,
          isLiveMode: settings.isLiveMode,
          clock: systemClock,
          stripe: createStripeClient(settings, systemClock),
          customers,
          subscriptions,
        }),
    },
  ],
})
export class BillingModule implements OnModuleInit {
  constructor(
    private readonly stripe: StripeWebhookSource,
    private readonly monitor: WebhookMonitor,
  ) {}

  onModuleInit(): void {
    if (this.stripe.isConfigured) this.monitor.watch(this.stripe.name);
    else logger.warning('billing_disabled', { hint: 'The webhook responds 404. Set STRIPE_WEBHOOK_SECRETS and STRIPE_API_KEY.' });
  }
}
