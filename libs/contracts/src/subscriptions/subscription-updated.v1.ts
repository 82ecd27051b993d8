import { Description, DomainEvent } from '@pikaia/events';
import { IsArray, IsObject, IsString } from 'class-validator';
import { SubscriptionState } from './subscription-state.js';

@Description('An active subscription changed, for example its status, quantity or period.')
@DomainEvent('subscription.updated', {
  version: 1,
  aggregate: 'subscription',
  producer: 'api',
  example: {
    provider_id: 'sub_1QhvouRrCEELX9AhoI0LFScW',
    status: 'past_due',
    price_id: 'price_1Qf2iZRrCEELX9AhhonLvLoJ',
    quantity: 5,
    current_period_start: '2026-02-16T16:21:24.000Z',
    current_period_end: '2026-03-16T16:21:24.000Z',
    cancel_at_period_end: false,
    changed: ['status'],
    old: { status: 'active' },
  },
})
export class SubscriptionUpdated extends SubscriptionState {
  @Description('The names of the fields that changed.')
  @IsArray()
  @IsString({ each: true })
  changed!: string[];

  @Description('The old values of the changed fields. A field that was absent is null.')
  @IsObject()
  old!: Record<string, string | number | boolean | null>;
}
