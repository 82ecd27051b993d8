import { auditAction } from '@pikaia/audit';
import { SubscriptionActivated, SubscriptionCanceled, SubscriptionUpdated } from '@pikaia/contracts';
import { Organization } from '../organizations/organization.entity.js';
import { Subscription } from './subscription.entity.js';

export const billingLinked = auditAction('organization.billing_linked', {
  aggregate: Organization,
  changes: 'required',
  description: 'A completed checkout links the organization to its customer at Stripe.',
});

export const subscriptionActivated = auditAction('subscription.activated', {
  aggregate: Subscription,
  changes: 'required',
  event: SubscriptionActivated,
  description: 'A subscription becomes active for the first time, or again after it ended.',
});

export const subscriptionUpdated = auditAction('subscription.updated', {
  aggregate: Subscription,
  changes: 'required',
  event: SubscriptionUpdated,
  description: 'An active subscription changes.',
});

export const subscriptionCanceled = auditAction('subscription.canceled', {
  aggregate: Subscription,
  changes: 'required',
  event: SubscriptionCanceled,
  description: 'An active subscription ends.',
});
