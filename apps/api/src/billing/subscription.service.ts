import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot, type Diff } from '@pikaia/audit';
import { newId } from '@pikaia/core';
import { SubscriptionActivated, SubscriptionCanceled, SubscriptionUpdated, type SubscriptionState } from '@pikaia/contracts';
import { currentManager } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import type Stripe from 'stripe';
import { Problem } from '../errors/problem.js';
import type { Organization } from '../organizations/organization.entity.js';
import type { HandlerOutcome } from '../webhooks/webhook.source.js';
import { stateOf, type StateOfSubscription } from './subscription-state.js';
import { transitionOf, type SubscriptionTransition } from './subscription-transition.js';
import { Subscription } from './subscription.entity.js';

const logger = getLogger('billing');

/** What Stripe says about a subscription, and since when it is true. */
export interface StripeState {
  readonly subscription: Stripe.Subscription;
  /** The time of the event, in whole seconds. */
  readonly version: Date;
  /** True if `subscription` was read from Stripe after the event, so it is at least as new as the event. */
  readonly isCurrent: boolean;
}

@Injectable()
export class SubscriptionService {
  constructor(
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /**
   * Returns the subscription of an organization: the active one, otherwise the newest.
   *
   * @throws Problem 404 if there is none.
   */
  async get(organizationId: string): Promise<Subscription> {
    const [subscription] = await currentManager().find(Subscription, {
      where: { organizationId },
      order: { activeSince: { direction: 'desc', nulls: 'last' }, createdAt: 'desc' },
      take: 1,
    });
    if (!subscription) throw Problem.notFound('The organization has no subscription.');
    return subscription;
  }

  /**
   * Stores the state of a subscription, publishes the transition and records it. Runs in the caller's transaction, which has locked the
   * organization, so changes of its subscriptions run in turn.
   *
   * @returns `outdated` if a newer event was applied before; `current` if an event of the same second was, because Stripe's times
   * then do not tell which of the two is newer.
   */
  async apply(organization: Organization, { subscription, version, isCurrent }: StripeState): Promise<HandlerOutcome> {
    const stored = await currentManager().findOneBy(Subscription, { providerId: subscription.id });
    if (stored && stored.organizationId !== organization.id) {
      logger.warning('billing_conflict', { 'billing.subscription': subscription.id, reason: 'another organization' });
      return 'conflict';
    }
    if (stored && version < stored.providerVersion) return 'outdated';
    if (stored && !isCurrent && version.getTime() === stored.providerVersion.getTime()) return 'current';
    const before = stored && snapshot(stored);
    const old = stored && stateFields(stored);
    const next =
      stored ??
      currentManager().create(Subscription, {
        id: newId(),
        organizationId: organization.id,
        providerId: subscription.id,
        activeSince: null,
      });
    Object.assign(next, stateOf(subscription), { providerVersion: version });
    const changed = old ? changedFields(old, stateFields(next)) : [];
    const transition = transitionOf({
      isActive: next.activeSince !== null,
      newStatus: next.status,
      isChanged: changed.length > 0,
    });
    if (transition === 'activated') next.activeSince = version;
    if (transition === 'canceled') next.activeSince = null;
    const changes = diff(before, next);
    await currentManager().save(next);
    if (transition === undefined) return stored && changed.length === 0 ? 'unchanged' : 'handled';
    await this.publish(transition, next, changed, old);
    await this.record(transition, next, changes);
    return 'handled';
  }

  private async publish(
    transition: SubscriptionTransition,
    next: Subscription,
    changed: readonly StateField[],
    old: StateFields | null,
  ): Promise<void> {
    const state = eventState(next);
    if (transition === 'activated') await this.events.publish(SubscriptionActivated, next, state);
    else if (transition === 'canceled') await this.events.publish(SubscriptionCanceled, next, state);
    else {
      const oldValues = Object.fromEntries(changed.map((field) => [field, old![field]]));
      await this.events.publish(SubscriptionUpdated, next, { ...state, changed: [...changed], old: oldValues });
    }
  }

  private async record(transition: SubscriptionTransition, next: Subscription, changes: Diff): Promise<void> {
    await this.audit.record(`subscription.${transition}`, next, changes);
  }
}

/** The fields of the state, as events contain them. */
interface StateFields {
  readonly status: string;
  readonly price_id: string;
  readonly quantity: number | null;
  readonly current_period_start: string | null;
  readonly current_period_end: string | null;
  readonly cancel_at_period_end: boolean;
}

type StateField = keyof StateFields;

const stateFields = (state: StateOfSubscription): StateFields => ({
  status: state.status,
  price_id: state.priceId,
  quantity: state.quantity,
  current_period_start: state.currentPeriodStart?.toISOString() ?? null,
  current_period_end: state.currentPeriodEnd?.toISOString() ?? null,
  cancel_at_period_end: state.cancelAtPeriodEnd,
});

const changedFields = (old: StateFields, next: StateFields): StateField[] =>
  (Object.keys(next) as StateField[]).filter((field) => old[field] !== next[field]);

function eventState(subscription: Subscription): SubscriptionState {
  const { quantity, current_period_start: start, current_period_end: end, ...state } = stateFields(subscription);
  return {
    provider_id: subscription.providerId,
    ...state,
    ...(quantity !== null && { quantity }),
    ...(start !== null && { current_period_start: start }),
    ...(end !== null && { current_period_end: end }),
  };
}
