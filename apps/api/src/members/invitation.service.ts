import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot } from '@pikaia/audit';
import { MemberInvited } from '@pikaia/contracts';
import { newId } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import { Not } from 'typeorm';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { memberInvited } from './audit-actions.js';
import { findOrCreateUser } from './find-or-create-user.js';
import { Member } from './member.entity.js';
import type { InviteRequest } from './member.requests.js';

const logger = getLogger('members');

@Injectable()
export class InvitationService {
  constructor(
    private readonly organizations: OrganizationService,
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /**
   * Invites a person. A pending invitation is sent again with the new role, address and name; an absent name leaves the stored name.
   * Address and name belong to the membership, so other organizations never see them.
   *
   * The row is written before the event is published, which keeps the events of a member in order.
   *
   * @throws Problem 403 if the inviter is no longer an admin, 409 if the person is an active member.
   */
  @Transactional()
  async invite(inviter: MemberIdentity, request: InviteRequest): Promise<{ member: Member; created: boolean }> {
    logger.info('member_invite_started', { email: request.email });
    const organization = await this.organizations.lockAs(inviter);
    const { user, created: isNewPerson } = await findOrCreateUser(request.email);
    const pending = isNewPerson ? null : await this.findMember(organization.id, user.id);
    if (pending?.status === 'active') throw Problem.conflict('This person is a member already.');
    if (pending) pending.user = user; // the address of a row of an older version comes from it
    const before = pending && snapshot(pending);
    const member =
      pending ??
      currentManager().create(Member, { id: newId(), organizationId: organization.id, userId: user.id, status: 'invited' });
    const { email, role, name = pending?.name ?? null } = request;
    Object.assign(member, { user, email, name, role, invitedAt: nowOrAfter(pending?.invitedAt) });
    await (pending ? currentManager().save(member) : currentManager().insert(Member, member));
    await this.events.publish(MemberInvited, member, {
      user_id: user.id,
      email,
      ...(name !== null && { name }),
      role,
      organization_name: organization.name,
      invited_by: { id: inviter.userId, email: inviter.email, ...(inviter.name !== null && { name: inviter.name }) },
    });
    await this.audit.record(memberInvited, member, diff(before, member));
    return { member, created: !pending };
  }

  private findMember(organizationId: string, userId: string): Promise<Member | null> {
    return currentManager().findOneBy(Member, { organizationId, userId, status: Not('removed') });
  }
}

/** Returns now, or 1 ms after `time` if the clock has not advanced. So each invitation is a change and has an audit record. */
const nowOrAfter = (time: Date | null | undefined): Date => new Date(Math.max(Date.now(), (time?.getTime() ?? 0) + 1));
