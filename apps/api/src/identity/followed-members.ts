import { Injectable } from '@nestjs/common';
import { snapshot } from '@pikaia/audit';
import type { Role } from '@pikaia/contracts';
import { context, newId } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { getLogger, metric } from '@pikaia/logging';
import { Not } from 'typeorm';
import { Problem } from '../errors/problem.js';
import { emailKey } from '../members/email-key.js';
import { findOrCreateUser } from '../members/find-or-create-user.js';
import { Member } from '../members/member.entity.js';
import { MembershipChanges } from '../members/membership.changes.js';
import { Organization } from '../organizations/organization.entity.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { webhookMetrics } from '../webhooks/webhook.metrics.js';
import type { HandlerOutcome } from '../webhooks/webhook.source.js';
import { IdentityObjects } from './identity-objects.js';
import { memberChange, type MemberState } from './provider-state.js';
import type { StytchMemberNotice } from './stytch-notice.js';

const logger = getLogger('identity');
const RETRY_AFTER_S = 60;

/** Makes the memberships follow the members at the provider. */
@Injectable()
export class FollowedMembers {
  constructor(
    private readonly objects: IdentityObjects,
    private readonly organizations: OrganizationService,
    private readonly members: MembershipChanges,
  ) {}

  /** Call it inside a transaction that holds the lock of the member. */
  async follow(notice: StytchMemberNotice): Promise<HandlerOutcome> {
    const { subject: id, member } = notice;
    const known = await this.objects.find<MemberState>(id);
    const organizationId =
      known?.organizationId ??
      (await findLast({ providerId: id }))?.organizationId ??
      (await findOrganization(member?.organization));
    const organization = organizationId == null ? null : await this.organizations.lock(organizationId);
    if (!organization && notice.state.status === 'deleted') {
      // A late notice about the time before must not create the member.
      await this.objects.follow(notice, known, { ...NOWHERE, id });
      return 'unknown_member';
    }
    if (!organization || organization.deletedAt) return 'unknown_organization';
    if (member && member.organization !== organization.providerId) {
      logger.warning('identity_member_of_another_organization', { 'identity.member': id, 'identity.type': notice.type });
      return 'other_organization';
    }
    context.bind({ organizationId: organization.id });
    return this.objects.follow(notice, known, {
      id,
      organizationId: organization.id,
      initial: initialState(notice, await findLast({ providerId: id, organizationId: organization.id })),
      read: async () => (await findLinked(organization.id, id))?.role ?? 'none',
      apply: (older, newer) => this.apply(older, newer, notice, organization),
    });
  }

  private async apply(
    older: MemberState | undefined,
    newer: MemberState,
    notice: StytchMemberNotice,
    organization: Organization,
  ): Promise<boolean> {
    const change = memberChange(older, newer);
    const member = await findLinked(organization.id, notice.subject);
    if (!member) {
      if (newer.status !== 'active') return false;
      // A member who was active without an address that can receive mail, and now has one, has no membership yet.
      const joins = change.joins || !(await findLast({ providerId: notice.subject, organizationId: organization.id }));
      return joins && this.join(notice, newer.role, organization);
    }
    const oldRole = member.role;
    if (change.leaves) await this.members.remove(member);
    else if (change.role === undefined || change.role === oldRole) return false;
    else if (older === undefined && (await isLastAdmin(member))) {
      // Not a change at the provider: the person has founded the organization here, with another role there.
      logger.warning('identity_last_admin_kept', { 'identity.member': notice.subject, 'member.id': member.id });
      return false;
    } else await this.members.changeRole(member, change.role);
    if (oldRole === 'admin') await this.reportWithoutAdmin(organization.id);
    return true;
  }

  /**
   * Makes a pending invitation of the person active, or creates the membership. An invitation keeps its role unless the person is
   * an admin at the provider.
   *
   * @throws Problem 503 if the person has an active membership with another id at the provider: one of the two members was deleted
   * there, and that notice has not arrived. The provider delivers this one again.
   */
  private async join({ subject, member: reported }: StytchMemberNotice, role: Role, { id }: Organization): Promise<boolean> {
    const person = reported ?? personOf(await findLast({ providerId: subject, organizationId: id }));
    if (!person || emailKey(person.email) === undefined) {
      logger.warning('identity_member_without_address', { 'identity.member': subject });
      return false;
    }
    const { user } = await findOrCreateUser(person.email);
    const invited = await currentManager().findOneBy(Member, { organizationId: id, userId: user.id, status: Not('removed') });
    if (invited?.status === 'active') {
      logger.warning('identity_member_conflict', { 'identity.member': subject, 'member.id': invited.id });
      throw Problem.unavailable(RETRY_AFTER_S);
    }
    if (invited) invited.user = user;
    const before = invited && snapshot(invited);
    const member =
      invited ??
      currentManager().create(Member, {
        id: newId(),
        organizationId: id,
        userId: user.id,
        email: person.email,
        name: person.name,
      });
    Object.assign(member, {
      user,
      role: invited?.role === 'admin' ? 'admin' : role,
      providerId: subject,
    });
    await this.members.join(member, before);
    return true;
  }

  /** Reports that the provider has removed or demoted the last admin. */
  private async reportWithoutAdmin(organizationId: string): Promise<void> {
    if (await currentManager().existsBy(Member, { organizationId, role: 'admin', status: 'active' })) return;
    logger.warning('organization_without_admin');
    metric(webhookMetrics.withoutAdmin, 1, { source: 'stytch' });
  }
}

async function isLastAdmin({ id, organizationId, role, status }: Member): Promise<boolean> {
  if (role !== 'admin' || status !== 'active') return false;
  return !(await currentManager().existsBy(Member, { organizationId, role, status, id: Not(id) }));
}

/** An id at the provider is unique among the memberships that are not removed. */
const findLinked = (organizationId: string, providerId: string): Promise<Member | null> =>
  currentManager().findOne(Member, {
    where: { organizationId, providerId, status: Not('removed') },
    relations: { user: true },
  });

/** The newest membership, also a removed one. */
const findLast = (where: { readonly providerId: string; readonly organizationId?: string }): Promise<Member | null> =>
  currentManager().findOne(Member, { where, relations: { user: true }, order: { id: 'desc' } });

/** The person of an earlier membership. A notice about a deletion names only the id. */
const personOf = (member: Member | null) => member && { email: member.address, name: member.name };

async function findOrganization(providerId: string | undefined): Promise<string | undefined> {
  return providerId === undefined ? undefined : (await currentManager().findOneBy(Organization, { providerId }))?.id;
}

/**
 * The state at the provider before the first notice. A new member has joined, with the default role. A person whom the api has
 * removed was a member, so the notice does not bring the person back.
 */
function initialState({ isCreated, state }: StytchMemberNotice, last: Member | null): MemberState | undefined {
  if (last?.status === 'removed') return state.status === 'deleted' ? undefined : { ...state, status: 'active' };
  return isCreated ? { status: 'pending', role: 'member' } : undefined;
}

const NOWHERE = { organizationId: null, read: () => Promise.resolve('none'), apply: () => Promise.resolve(false) };
