import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot } from '@pikaia/audit';
import { context, parseId } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type Stripe from 'stripe';
import { IsNull, type FindOptionsWhere } from 'typeorm';
import { Organization } from '../organizations/organization.entity.js';
import { billingLinked } from './audit-actions.js';

const logger = getLogger('billing');

/** The link between organizations and customers at Stripe. */
@Injectable()
export class CustomerService {
  constructor(private readonly audit: Audit) {}

  /**
   * Locks the organization of a customer and binds it to the context. Returns undefined if there is none. An organization that was
   * deleted is included: Stripe charges its customer until the subscription ends.
   */
  lockByCustomer(customer: string): Promise<Organization | undefined> {
    return this.lock({ stripeCustomerId: customer });
  }

  /**
   * Locks the organization for which a checkout was made and binds it to the context. Returns undefined if there is none, or it was
   * deleted.
   */
  async lockByCheckout(session: Stripe.Checkout.Session): Promise<Organization | undefined> {
    const id = organizationOf(session);
    return id === undefined ? undefined : this.lock({ id, deletedAt: IsNull() });
  }

  /**
   * Makes the customer of a checkout that of the organization. Never replaces another customer, and never takes the customer of another
   * organization: then the organization and the customer stay as they are.
   */
  async link(organization: Organization, customer: string): Promise<'linked' | 'unchanged' | 'conflict'> {
    if (organization.stripeCustomerId === customer) return 'unchanged';
    const isTaken = await currentManager().existsBy(Organization, { stripeCustomerId: customer });
    if (isTaken || organization.stripeCustomerId !== null) {
      const reason = isTaken ? 'the customer belongs to another organization' : 'the organization has another customer';
      logger.error('billing_conflict', { 'billing.customer': customer, reason });
      return 'conflict';
    }
    const before = snapshot(organization);
    organization.stripeCustomerId = customer;
    const changes = diff(before, organization);
    await currentManager().save(organization);
    await this.audit.record(billingLinked, organization, changes);
    return 'linked';
  }

  private async lock(where: FindOptionsWhere<Organization>): Promise<Organization | undefined> {
    const organization = await currentManager().findOne(Organization, {
      where,
      lock: { mode: 'for_no_key_update' },
    });
    if (!organization) return undefined;
    context.bind({ organizationId: organization.id });
    return organization;
  }
}

/**
 * Returns the organization that our server wrote into a checkout. Undefined if the two places name different ones: a customer can
 * choose the `client_reference_id` of a payment link, but not the metadata.
 */
function organizationOf({ client_reference_id: reference, metadata }: Stripe.Checkout.Session): string | undefined {
  const named = [reference, metadata?.['organization_id']].filter((id) => id !== null && id !== undefined && id !== '');
  const ids = new Set(named.map((id) => parseId(id!)));
  return ids.size === 1 ? [...ids][0] : undefined;
}
