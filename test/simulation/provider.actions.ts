import { memberNotice, organizationNotice, type StytchBody } from '../../apps/api/src/identity/development-notice.js';
import { checkoutEvent, stripeEvent, stripeSubscription, type SubscriptionFields } from '../support/http/stripe.stub.js';
import type { OrganizationAction } from './member.actions.js';
import type { Step } from './day.program.js';
import type { Account, SimulatedOrganization } from './simulated.organization.js';

/** Reports an account to the api, as Stytch does after each change of it. */
function notify(organization: SimulatedOrganization, step: Step, account: Account, action: StytchBody['action']): Promise<void> {
  const { subject: id, email, role, isDeleted } = account;
  account.isReported = true;
  const member = {
    id,
    email,
    organization: organization.providerId,
    roles: role === 'admin' ? ['stytch_member', 'stytch_admin'] : ['stytch_member'],
    status: isDeleted ? 'deleted' : 'active',
  };
  return organization.world.mailbox.sendNotice(step, memberNotice(member, { action, at: organization.tick() }));
}

/** The founder is never changed at Stytch, so that the organization keeps an admin. */
const changeable = ({ accounts }: SimulatedOrganization, pick: number): Account | undefined => {
  const some = accounts.slice(1).filter(({ isDeleted }) => !isDeleted);
  return some[Math.floor(pick * some.length)];
};

async function changeSubscription(
  organization: SimulatedOrganization,
  step: Step,
  kind: 'created' | 'updated' | 'deleted',
  fields: SubscriptionFields,
) {
  const { world, subscriptions, customer, subscriptionFields } = organization;
  const id = subscriptions.at(-1)!;
  const next = { ...subscriptionFields.get(id), ...fields };
  subscriptionFields.set(id, next);
  const object = stripeSubscription(id, customer, next);
  world.stripe.subscriptions.set(id, object);
  const second = Math.floor(organization.tick() / 1_000_000);
  await world.mailbox.sendStripeEvent(step, stripeEvent(`customer.subscription.${kind}`, second, object));
}

const isActive = (organization: SimulatedOrganization): boolean => {
  const id = organization.subscriptions.at(-1);
  return id !== undefined && organization.subscriptionFields.get(id)?.status !== 'canceled';
};

/** What happens to an organization at Stytch and Stripe. */
export const PROVIDER_ACTIONS = {
  'adds a member at Stytch': async (organization, { step, members }) => {
    const waiting = members.find(({ email, status }) => status === 'invited' && !organization.accountOf(email));
    const isInvited = waiting !== undefined && step.picks[1] < 0.5;
    const email = isInvited ? waiting.email : `joiner-${step.number}@${organization.mark}.example`;
    await notify(organization, step, organization.addAccount(email, step.picks[2] < 0.3 ? 'admin' : 'member'), 'CREATE');
  },

  'changes a role at Stytch': async (organization, { step }) => {
    const account = changeable(organization, step.picks[1]);
    if (!account) return;
    const action = account.isReported ? 'UPDATE' : 'CREATE';
    account.role = account.role === 'admin' ? 'member' : 'admin';
    await notify(organization, step, account, action);
  },

  'deletes a member at Stytch': async (organization, { step }) => {
    const account = changeable(organization, step.picks[1]);
    if (!account) return;
    account.isDeleted = true;
    await notify(organization, step, account, 'DELETE');
  },

  'renames itself at Stytch': (organization, { step }) => {
    const { world, providerId, mark } = organization;
    const at = organization.tick();
    return world.mailbox.sendNotice(step, organizationNotice(providerId, `${mark} at Stytch ${step.number}`, { at }));
  },

  'subscribes at Stripe': async (organization, { step }) => {
    if (isActive(organization)) return;
    const { mark, subscriptions, customer, id } = organization;
    const subscription = `sub_${mark}_${subscriptions.length}`;
    subscriptions.push(subscription);
    await changeSubscription(organization, step, 'created', {
      status: step.picks[1] < 0.3 ? 'incomplete' : 'active',
      quantity: 1,
    });
    const second = Math.floor(organization.tick() / 1_000_000);
    await organization.world.mailbox.sendStripeEvent(
      step,
      checkoutEvent(second, { client_reference_id: id, customer, subscription }),
    );
  },

  'changes its subscription at Stripe': async (organization, { step }) => {
    if (!isActive(organization)) return;
    const status = ['active', 'active', 'past_due', 'trialing', 'unpaid'][Math.floor(step.picks[1] * 5)]!;
    const quantity = 1 + Math.floor(step.picks[2] * 9);
    await changeSubscription(organization, step, 'updated', { status, quantity });
    if (step.picks[2] < 0.4) await changeSubscription(organization, step, 'updated', { quantity: quantity + 1 });
  },

  'cancels its subscription at Stripe': async (organization, { step }) => {
    if (isActive(organization)) await changeSubscription(organization, step, 'deleted', { status: 'canceled' });
  },
} satisfies Record<string, OrganizationAction>;
