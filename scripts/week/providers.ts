import { changedSubscription, completedCheckout, signedEvent, type SubscriptionOptions } from '../stripe-event/signed-event.ts';
import type { StoryResponse, WeekPlayer } from './week.player.ts';

// Index: organizations_organization_slug. Locks: none.
const ORGANIZATION = 'select id from organizations_organization where slug = $1';
// Index: primary keys. Locks: none.
const MEMBER = `
  select m.provider_id as id, m.email, o.provider_id as organization
  from organizations_member m join organizations_organization o on o.id = m.organization_id where m.id = $1`;

interface ProviderMember {
  readonly id: string;
  readonly email: string;
  readonly organization: string;
}

/** Stripe reports that an organization has become a customer. */
export async function link(week: WeekPlayer, slug: string): Promise<void> {
  const { id } = await week.find<{ id: string }>(ORGANIZATION, [slug]);
  await sendStripeEvent(week, completedCheckout(slug, id));
}

/** Stripe reports the state of the subscription of an organization. */
export async function subscribe(week: WeekPlayer, slug: string, options: SubscriptionOptions): Promise<void> {
  await sendStripeEvent(week, changedSubscription(slug, options, seconds(week.now)));
}

/** The identity provider reports that a member was deleted there. */
export async function deleteAtProvider(week: WeekPlayer, memberId: string): Promise<void> {
  const member = await week.find<ProviderMember>(MEMBER, [memberId]);
  const { memberNotice, svixHeaders } = await import('../../apps/api/dist/identity/development-notice.js');
  const sentAt = week.now.getTime();
  const body = JSON.stringify(memberNotice(member, { action: 'DELETE', at: sentAt * 1_000 }));
  await week.send({
    method: 'POST',
    path: 'identity/webhook',
    status: 200,
    headers: { 'content-type': 'application/json', 'user-agent': 'Svix-Webhooks/1.40.0', ...svixHeaders(body, { sentAt }) },
    body,
  });
}

function sendStripeEvent(week: WeekPlayer, { type, object }: { type: string; object: object }): Promise<StoryResponse> {
  const { payload: body, headers } = signedEvent(type, object, seconds(week.now));
  return week.send({ method: 'POST', path: 'billing/webhook', status: 200, headers, body });
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1_000);
