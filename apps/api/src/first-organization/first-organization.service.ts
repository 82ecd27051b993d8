import { Injectable } from '@nestjs/common';
import { Audit, Audited, diff, snapshot } from '@pikaia/audit';
import { OrganizationCreated } from '@pikaia/contracts';
import { context, newId, PikaiaError } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { Not } from 'typeorm';
import { memberJoined, memberRoleChanged, operatorAppointed, viewerAppointed } from '../members/audit-actions.js';
import { findOrCreateUser } from '../members/find-or-create-user.js';
import { Member } from '../members/member.entity.js';
import { MembershipChanges } from '../members/membership.changes.js';
import { organizationCreated } from '../organizations/audit-actions.js';
import { Organization } from '../organizations/organization.entity.js';
import type { FirstOrganizationArguments } from './first-organization.arguments.js';
import { APPOINT, FIND_PROVIDER_ID, LOCK } from './first-organization.sql.js';

type PlatformRole = 'operator' | 'viewer';
export type CreatedItem = 'organization' | 'admin' | PlatformRole;

const APPOINTED = { operator: operatorAppointed, viewer: viewerAppointed };

/** Creates the organization, admin, operator and viewer that a new system needs before anyone can sign in and invite people. */
@Injectable()
export class FirstOrganization {
  constructor(
    private readonly members: MembershipChanges,
    private readonly audit: Audit,
    private readonly events: Events,
  ) {}

  /**
   * Creates the missing items in one transaction, with an audit entry for each, and an event for the organization and its admin.
   * Existing items stay as they are, so repeated and concurrent calls are safe.
   *
   * @returns the items that were created or changed.
   * @throws PikaiaError `PIKAIA_FIRST_ORGANIZATION_CONFLICT` if an existing item differs from the request.
   */
  @Audited(operatorAppointed, viewerAppointed, organizationCreated, memberJoined, memberRoleChanged)
  @Transactional()
  async ensure(request: FirstOrganizationArguments): Promise<CreatedItem[]> {
    await currentManager().query(LOCK);
    const created: CreatedItem[] = [];
    for (const role of ['operator', 'viewer'] as const) if (await this.appoint(role, request)) created.push(role);
    const { organization, isNew } = await this.ensureOrganization(request);
    if (isNew) created.push('organization');
    if (await this.ensureAdmin(organization, request)) created.push('admin');
    return created;
  }

  private async ensureOrganization({ name, slug, providerId }: FirstOrganizationArguments) {
    const found = await currentManager().find(Organization, {
      where: [{ slug }, { providerId }],
      lock: { mode: 'for_no_key_update' },
    });
    const organization =
      found[0] ?? currentManager().create(Organization, { id: newId(), name, slug, providerId, deletedAt: null });
    const isNew = found.length === 0;
    if (organization.slug !== slug || organization.providerId !== providerId || found.length > 1)
      throw conflictError(`the slug ${slug} or the provider's id ${providerId} belongs to another organization`);
    if (organization.deletedAt) throw conflictError(`the organization ${slug} was deleted`);
    context.bind({ organizationId: organization.id });
    if (isNew) {
      await currentManager().save(organization);
      await this.events.publish(OrganizationCreated, { id: organization.id }, { name, slug });
      await this.audit.record(organizationCreated, organization, diff(null, organization));
    }
    return { organization, isNew };
  }

  private async ensureAdmin({ id: organizationId }: Organization, request: FirstOrganizationArguments): Promise<boolean> {
    const { adminEmail, adminName, adminProviderId: providerId } = request;
    const { user } = await findOrCreateUser(adminEmail);
    const found = await currentManager().findOne(Member, {
      where: { organizationId, userId: user.id, status: Not('removed') },
      relations: { user: true },
    });
    if (found?.providerId && found.providerId !== providerId)
      throw conflictError(`${adminEmail} has another id at the session provider`);
    if (found?.status === 'active' && found.providerId) {
      if (found.role === 'admin') return false;
      await this.members.changeRole(found, 'admin');
      return true;
    }
    const before = found && snapshot(found);
    const member = found ?? currentManager().create(Member, { id: newId(), organizationId, userId: user.id });
    Object.assign(member, {
      user,
      email: member.email ?? adminEmail,
      name: member.name ?? adminName ?? null,
      role: 'admin',
      providerId,
    });
    await this.members.join(member, before);
    return true;
  }

  /** Runs before an organization is bound to the context, because the audit record of an operator belongs to the platform. */
  private async appoint(role: PlatformRole, request: FirstOrganizationArguments): Promise<boolean> {
    const [email, name, providerId] = [request[`${role}Email`], request[`${role}Name`], request[`${role}ProviderId`]];
    if (email === undefined) return false;
    const { user } = await findOrCreateUser(email);
    const [row] = await currentManager().query<{ provider_id: string | null }[]>(FIND_PROVIDER_ID, [user.id]);
    if (row!.provider_id !== null && row!.provider_id !== providerId)
      throw conflictError(`${email} has another id at the session provider`);
    if (role === 'viewer' && user.operator) throw conflictError(`${email} is an operator`);
    const before = snapshot(user);
    if (!user.operator && !user.viewer) user.name = name ?? null; // discards a name that an organization typed
    user.operator = role === 'operator';
    user.viewer = role === 'viewer';
    await currentManager().query(APPOINT, [user.id, user.operator, user.viewer, providerId, user.name]);
    return this.audit.record(APPOINTED[role], user, diff(before, user));
  }
}

const conflictError = (why: string): PikaiaError =>
  new PikaiaError('PIKAIA_FIRST_ORGANIZATION_CONFLICT', `Nothing was created: ${why}.`);
