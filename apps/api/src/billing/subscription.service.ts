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
import { subscriptionActivated, subscriptionCanceled, subscriptionUpdated } from './audit-actions.js';
import type { ReadSubscription } from './stripe-client.js';
import { stateOf, type StateOfSubscription } from './subscription-state.js';
import { transitionOf, type SubscriptionTransition } from './subscription-transition.js';
import { Subscription } from './subscription.entity.js';

const logger = getLogger('billing');

/**
 * Reads the version of the row of a subscription, which every update changes. $1 id at Stripe.
 *
 * Index: subscription_provider. Locks: none.
 */
const REVISION = 'select xmin::text as revision from subscription where provider_id = $1';

/** The state of a subscription that was read from Stripe, and the revision of its row before that. */
export interface CurrentSubscription extends ReadSubscription {
  readonly revision: string | undefined;
}

/** What a Stripe event says about a subscription. */
export interface SubscriptionEvent {
  readonly id: string;
  /** The time of the event, in whole seconds. */
  readonly created: Date;
  /** The subscription after the event. Absent if the event does not contain it. */
  readonly subscription?: Stripe.Subscription;
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

  /** Returns the version of the row of a subscription, or undefined if there is no row. */
  async revisionOf(providerId: string): Promise<string | undefined> {
    const [row] = await currentManager().query<{ revision: string }[]>(REVISION, [providerId]);
    return row?.revision;
  }

  /**
   * Stores the state of a subscription, publishes the transition and records it. Runs in the caller's transaction, which has locked the
   * organization, so changes of its subscriptions run in turn.
   *
   * @param current the state that was read from Stripe after this method returned `current`.
   * @returns `outdated` if the stored state is newer than the event. `current` if the times do not tell which of the two is newer, or if
   * the row has changed since `current` was read: then another delivery may have read a newer state.
   */
  async apply(
    organization: Organization,
    { id, created, subscription }: SubscriptionEvent,
    current: CurrentSubscription | undefined,
  ): Promise<HandlerOutcome> {
    const stored = await currentManager().findOneBy(Subscription, { providerId: id });
    if (stored && stored.organizationId !== organization.id) {
      logger.error('billing_conflict', { 'billing.subscription': id, reason: 'another organization' });
      return 'conflict';
    }
    if (stored && created < stored.providerVersion) return 'outdated';
    if (current) {
      if ((await this.revisionOf(id)) !== current.revision) return 'current';
    } else if (!subscription || (stored && created <= (stored.providerReadUntil ?? stored.providerVersion))) return 'current';
    return this.store(
      organization,
      stored,
      {
        ...stateOf(current?.subscription ?? subscription!),
        providerId: id,
        providerVersion: current && current.from > created ? current.from : created,
        providerReadUntil: current?.until ?? null,
      },
      created,
    );
  }

  private async store(
    organization: Organization,
    stored: Subscription | null,
    state: ProviderState,
    at: Date,
  ): Promise<HandlerOutcome> {
    const before = stored && snapshot(stored);
    const old = stored && stateFields(stored);
    const next =
      stored ?? currentManager().create(Subscription, { id: newId(), organizationId: organization.id, activeSince: null });
    Object.assign(next, state);
    const changed = old ? changedFields(old, stateFields(next)) : [];
    const transition = transitionOf({
      isActive: next.activeSince !== null,
      newStatus: next.status,
      isChanged: changed.length > 0,
    });
    if (transition === 'activated') next.activeSince = at;
    if (transition === 'canceled') next.activeSince = null;
    // Changes before an activation are not recorded, so its entry has the whole state, as its event has.
    const changes = diff(transition === 'activated' ? null : before, next);
    await currentManager().save(next);
    if (transition !== undefined) {
      await this.announce(transition, { next, changes, changed, old });
      return 'handled';
    }
    this.audit.nothingToRecord('unchanged'); // nobody was told of this subscription yet, or only its version changed
    return stored && changed.length === 0 ? 'unchanged' : 'handled';
  }

  /** Publishes the event of a transition and records its audit entry. */
  private async announce(transition: SubscriptionTransition, { next, changes, changed, old }: AppliedChange): Promise<void> {
    const state = eventState(next);
    switch (transition) {
      case 'activated':
        await this.events.publish(SubscriptionActivated, next, state);
        await this.audit.record(subscriptionActivated, next, changes);
        return;
      case 'canceled':
        await this.events.publish(SubscriptionCanceled, next, state);
        await this.audit.record(subscriptionCanceled, next, changes);
        return;
      case 'updated': {
        const oldValues = Object.fromEntries(changed.map((field) => [field, old![field]]));
        await this.events.publish(SubscriptionUpdated, next, { ...state, changed: [...changed], old: oldValues });
        await this.audit.record(subscriptionUpdated, next, changes);
      }
    }
  }
}

type ProviderState = StateOfSubscription & Pick<Subscription, 'providerId' | 'providerVersion' | 'providerReadUntil'>;

interface AppliedChange {
  readonly next: Subscription;
  readonly changes: Diff;
  readonly changed: readonly StateField[];
  readonly old: StateFields | null;
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
