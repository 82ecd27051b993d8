import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot } from '@pikaia/audit';
import { OrganizationDeleted, OrganizationUpdated } from '@pikaia/contracts';
import { context } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { organizationDeleted, organizationUpdated } from '../organizations/audit-actions.js';
import { Organization } from '../organizations/organization.entity.js';
import { OrganizationService } from '../organizations/organization.service.js';
import type { HandlerOutcome } from '../webhooks/webhook.source.js';
import { IdentityObjects } from './identity-objects.js';
import { organizationChange, type OrganizationState } from './provider-state.js';
import type { StytchOrganizationNotice } from './stytch-notice.js';

/** Makes the organizations follow those at the provider: their name and their deletion. The slug belongs to this application. */
@Injectable()
export class FollowedOrganizations {
  constructor(
    private readonly objects: IdentityObjects,
    private readonly organizations: OrganizationService,
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /** Call it inside a transaction that holds the lock of the organization's id at the provider. */
  async follow(notice: StytchOrganizationNotice): Promise<HandlerOutcome> {
    const found = await currentManager().findOneBy(Organization, { providerId: notice.subject });
    const organization = found && (await this.organizations.lock(found.id));
    if (!organization) return 'unknown_organization';
    context.bind({ organizationId: organization.id });
    return this.objects.follow(notice, await this.objects.find<OrganizationState>(notice.subject), {
      id: notice.subject,
      organizationId: organization.id,
      read: () => Promise.resolve(organization.deletedAt ? 'deleted' : `named ${organization.name}`),
      apply: (older, newer) => this.apply(organization, older, newer),
    });
  }

  private async apply(
    organization: Organization,
    older: OrganizationState | undefined,
    newer: OrganizationState,
  ): Promise<boolean> {
    const { isDeleted, name } = organizationChange(older, newer);
    if (organization.deletedAt) return false;
    if (isDeleted) await this.delete(organization);
    else if (name !== undefined && name !== organization.name) await this.rename(organization, name);
    else return false;
    return true;
  }

  private async rename(organization: Organization, name: string): Promise<void> {
    const before = snapshot(organization);
    const old = organization.name;
    organization.name = name;
    await currentManager().save(organization);
    await this.events.publish(OrganizationUpdated, aggregateOf(organization), {
      changed: ['name'],
      old: { name: old },
      new: { name },
    });
    await this.audit.record(organizationUpdated, organization, diff(before, organization));
  }

  /** The memberships stay as they are: nobody is admitted to a deleted organization. */
  private async delete(organization: Organization): Promise<void> {
    const before = snapshot(organization);
    organization.deletedAt = new Date();
    await currentManager().save(organization);
    const { name, slug } = organization;
    await this.events.publish(OrganizationDeleted, aggregateOf(organization), { name, slug });
    await this.audit.record(organizationDeleted, organization, diff(before, null));
  }
}

const aggregateOf = ({ id }: Organization) => ({ id, organizationId: id });
