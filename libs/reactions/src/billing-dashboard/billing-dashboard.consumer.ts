import { SubscriptionActivated, SubscriptionCanceled, SubscriptionUpdated } from '@pikaia/contracts';
import { currentManager } from '@pikaia/database';
import { Consumer, Handles, type EventOf } from '@pikaia/events';
import { STORE_SUBSCRIPTION } from './billing-dashboard.sql.js';

type SubscriptionEvent = EventOf<SubscriptionActivated | SubscriptionUpdated | SubscriptionCanceled>;

/**
 * Keeps each subscription in the table `billing_dashboard`, for reports that must not slow the api down.
 *
 * Each event has the whole state, and a row keeps that of the highest `sequence`. So the order of arrival does not matter, and a replay
 * of all events rebuilds the same rows.
 */
@Consumer('billing-dashboard', { from: 'beginning' })
export class BillingDashboard {
  @Handles(SubscriptionActivated, { effect: 'database' })
  @Handles(SubscriptionUpdated, { effect: 'database' })
  async storeActive(event: EventOf<SubscriptionActivated | SubscriptionUpdated>): Promise<void> {
    await store(event, true);
  }

  @Handles(SubscriptionCanceled, { effect: 'database' })
  async storeEnded(event: EventOf<SubscriptionCanceled>): Promise<void> {
    await store(event, false);
  }
}

async function store(event: SubscriptionEvent, isActive: boolean): Promise<void> {
  const { aggregate_id: id, organization_id: organizationId, sequence, occurred_at: changedAt, data } = event;
  const { status, price_id: price, quantity = null, current_period_end: end = null, cancel_at_period_end: cancels } = data;
  const values = [id, organizationId, isActive, status, price, quantity, end, cancels, sequence, changedAt];
  await currentManager().query(STORE_SUBSCRIPTION, values);
}
