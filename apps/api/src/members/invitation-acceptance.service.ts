import { Injectable } from '@nestjs/common';
import { snapshot } from '@pikaia/audit';
import { PikaiaError } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { verifyInvitation, type Invitation } from '@pikaia/notifications';
import { Not } from 'typeorm';
import { ApiSettings } from '../api.settings.js';
import { bindIdentity } from '../authentication/bind-identity.js';
import type { MemberSession } from '../authentication/session-verifier.js';
import { emailUnverified } from '../errors/email-unverified.js';
import { Problem } from '../errors/problem.js';
import { refuseDeletedMember } from '../identity/deleted-at-provider.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { emailKey } from './email-key.js';
import { invitationProblems } from './invitation.problems.js';
import { Member } from './member.entity.js';
import { MembershipChanges } from './membership.changes.js';

const logger = getLogger('members');

@Injectable()
export class InvitationAcceptance {
  constructor(
    private readonly settings: ApiSettings,
    private readonly organizations: OrganizationService,
    private readonly changes: MembershipChanges,
  ) {}

  /**
   * Makes the invited person of a session an active member. The token alone does not suffice: the session must belong to the
   * organization, and its verified email address must be the invited one.
   *
   * The lock of the organization serializes this with other changes of its memberships. Of two calls, or a call and a
   * revocation, the second sees the result of the first.
   *
   * @throws Problem a type of `invitationProblems`, 403 `email-unverified`, or 403 if the person was deleted at the provider.
   */
  async accept(session: MemberSession, token: string): Promise<Member> {
    try {
      return await this.join(session, await this.verify(token));
    } catch (error) {
      if (error instanceof Problem)
        logger.info('invitation_refused', { 'problem.type': error.kind, 'session.subject': session.subject });
      throw error;
    }
  }

  @Transactional()
  protected async join(session: MemberSession, invitation: Invitation): Promise<Member> {
    const { memberId: id, organizationId } = invitation;
    await refuseDeletedMember(session);
    const organization = await this.organizations.lock(organizationId);
    if (organization?.providerId !== session.organization || organization.deletedAt)
      throw invitationProblems.ofAnotherOrganization();
    if (session.email === undefined) throw emailUnverified();
    if (emailKey(session.email) !== emailKey(invitation.email)) throw invitationProblems.ofAnotherPerson();
    const member = await currentManager().findOne(Member, { where: { id, organizationId }, relations: { user: true } });
    if (!member) throw invitationProblems.revoked();
    requireCurrent(member, invitation);
    if (await currentManager().existsBy(Member, { providerId: session.subject, status: Not('removed') }))
      throw invitationProblems.memberLinked();
    const before = snapshot(member);
    member.providerId = session.subject;
    const { userId, address: email, name, role } = member;
    bindIdentity({ kind: 'member', userId, email, name, memberId: id, role, organizationId });
    await this.changes.join(member, before);
    return member;
  }

  private async verify(token: string): Promise<Invitation> {
    try {
      return await verifyInvitation(token, this.settings.invitationKey);
    } catch (error) {
      const code = error instanceof PikaiaError && error.code;
      if (code === 'PIKAIA_INVITATION_EXPIRED') throw invitationProblems.expired(error);
      if (code === 'PIKAIA_INVITATION_INVALID') throw invitationProblems.invalid(error);
      throw error;
    }
  }
}

/**
 * A token is valid until its invitation is accepted, revoked or sent again. The token has whole seconds, so tokens of the same
 * second are equal, unless the address was typed differently.
 *
 * @throws Problem a type of `invitationProblems`.
 */
function requireCurrent({ status, invitedAt, joinedAt, address }: Member, invitation: Invitation): void {
  if (status === 'active' || joinedAt) throw invitationProblems.accepted();
  if (status === 'removed') throw invitationProblems.revoked();
  const invitedSecond = Math.floor((invitedAt?.getTime() ?? 0) / 1000);
  if (invitation.invitedAt.getTime() / 1000 < invitedSecond || invitation.email !== address) throw invitationProblems.replaced();
}
