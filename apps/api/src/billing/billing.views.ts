import { Type, type Static } from 'typebox';
import { Count, Fields, Flag, Id, OrNull, Text, Timestamp } from '../openapi/schemas.js';
import type { Subscription } from './subscription.entity.js';

export const SubscriptionView = Fields(
  {
    id: Id('The id of the subscription.'),
    status: Text('The status in the words of Stripe.', 'active'),
    is_active: Flag('True from the activation until the end. A subscription that is past due or paused is still active.', true),
    price_id: Text('The id of the price at Stripe.', 'price_1Qf2iZRrCEELX9AhhonLvLoJ'),
    quantity: OrNull(Count('Null if usage is metered.', 5)),
    current_period_start: OrNull(Timestamp('The start of the current period.')),
    current_period_end: OrNull(Timestamp('The end of the current period.')),
    cancel_at_period_end: Flag('True if the subscription ends with the current period.'),
  },
  { $id: 'Subscription' },
);

/** The fields of an event of Stripe that the api reads. */
export const StripeEventBody = Type.Object(
  {
    id: Text('The id of the event.', 'evt_1S6a1XRrCEELX9AhkYFodtWN'),
    type: Text('The type of the event.', 'customer.subscription.updated'),
    created: Count('The time of the event, in seconds since 1970.', 1_757_695_235),
    data: Type.Object({ object: Type.Object({}) }),
  },
  { $id: 'StripeEvent', additionalProperties: true },
);

export const subscriptionView = (subscription: Subscription): Static<typeof SubscriptionView> => ({
  id: subscription.id,
  status: subscription.status,
  is_active: subscription.activeSince !== null,
  price_id: subscription.priceId,
  quantity: subscription.quantity,
  current_period_start: subscription.currentPeriodStart,
  current_period_end: subscription.currentPeriodEnd,
  cancel_at_period_end: subscription.cancelAtPeriodEnd,
});
