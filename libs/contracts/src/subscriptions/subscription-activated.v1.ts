import { Description, DomainEvent } from '@pikaia/events';
import { SubscriptionState } from './subscription-state.js';

@Description('A subscription became active for the first time, or again after it ended.')
@DomainEvent('subscription.activated', {
  version: 1,
  aggregate: 'subscription',
  producer: 'api',
  example: {
    provider_id: 'sub_1QhvouRrCEELX9AhoI0LFScW',
    status: 'active',
    price_id: 'price_1Qf2iZRrCEELX9AhhonLvLoJ',
    quantity: 5,
    current_period_start: '2026-01-16T16:21:24.000Z',
    current_period_end: '2026-02-16T16:21:24.000Z',
    cancel_at_period_end: false,
  },
})
export class SubscriptionActivated extends SubscriptionState {}
