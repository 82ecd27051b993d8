import { Description, DomainEvent } from '@pikaia/events';
import { SubscriptionState } from './subscription-state.js';

@Description('An active subscription ended.')
@DomainEvent('subscription.canceled', {
  version: 1,
  aggregate: 'subscription',
  producer: 'api',
  example: {
    provider_id: 'sub_1QhvouRrCEELX9AhoI0LFScW',
    status: 'canceled',
    price_id: 'price_1Qf2iZRrCEELX9AhhonLvLoJ',
    quantity: 5,
    current_period_start: '2026-01-16T16:21:24.000Z',
    current_period_end: '2026-02-16T16:21:24.000Z',
    cancel_at_period_end: false,
  },
})
export class SubscriptionCanceled extends SubscriptionState {}
