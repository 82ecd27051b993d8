import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot, type Snapshot } from '@pikaia/audit';
import { MemberInvited } from '@pikaia/contracts';
import { newId } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import { Not } from 'typeorm';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import type { Organization } from '../organizations/organization.entity.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { memberInvited } from './audit-actions.js';
import { findOrCreateUser } from './find-or-create-user.js';
import { invitationProblems } from './invitation.problems.js';
import { Member } from './member.entity.js';
import type { InviteRequest } from './member.requests.js';
import { MembershipChanges } from './membership.changes.js';
import type { User } from './user.entity.js';

const logger = getLogger('members');
const RESEND_INTERVAL_S = 60;

/**
 * The seconds until an invitation may be sent again. The database compares, because another process may have written the time. $1 id,
 * $2 interval in seconds.
 *
 * Index: primary key. Locks: none.
 */
const RESEND_WAIT = `
  select least($2, ceil($2 - extract(epoch from clock_timestamp() - invited_at)))::int as seconds from organizations_member where id = $1`;

@Injectable()
export class InvitationService {
  constructor(
    private readonly organizations: OrganizationService,
    private readonly changes: MembershipChanges,
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
    const pending = isNewPerson
      ? null
      : await currentManager().findOneBy(Member, { organizationId: organization.id, userId: user.id, status: Not('removed') });
    if (pending?.status === 'active') throw Problem.conflict('This person is a member already.');
    const { member, before } = inviteMember(organization.id, user, pending, request);
    await (before ? currentManager().save(member) : currentManager().insert(Member, member));
    await this.announce(organization, inviter, member, before);
    return { member, created: !pending };
  }

  /**
   * Sends a pending invitation again with a new token, which makes the earlier token useless.
   *
   * @throws Problem 404 or 409 if the invitation is not pending, 429 if it was sent less than a minute ago.
   */
  @Transactional()
  async resend(inviter: MemberIdentity, id: string): Promise<Member> {
    const organization = await this.organizations.lockAs(inviter);
    const member = await this.findPending(organization.id, id);
    const [wait] = await currentManager().query<{ seconds: number | null }[]>(RESEND_WAIT, [id, RESEND_INTERVAL_S]);
    if (wait?.seconds && wait.seconds > 0) throw invitationProblems.recentlySent(wait.seconds);
    const before = snapshot(member);
    Object.assign(member, { email: member.address, invitedAt: nowOrAfter(member.invitedAt) });
    await currentManager().save(member);
    await this.announce(organization, inviter, member, before);
    return member;
  }

  /**
   * Withdraws a pending invitation. Its token is no longer valid.
   *
   * @throws Problem 404 or 409 if the invitation is not pending.
   */
  @Transactional()
  async revoke(admin: MemberIdentity, id: string): Promise<void> {
    const organization = await this.organizations.lockAs(admin);
    await this.changes.remove(await this.findPending(organization.id, id));
  }

  /** Publishes the event that sends the email, and records the invitation. Save the row first. */
  async announce(organization: Organization, inviter: MemberIdentity, member: Member, before: Snapshot | null): Promise<void> {
    const { userId, address: email, name, role, invitedAt } = member;
    await this.events.publish(MemberInvited, member, {
      user_id: userId,
      email,
      ...(name !== null && { name }),
      role,
      organization_name: organization.name,
      invited_at: invitedAt!.toISOString(),
      invited_by: { id: inviter.userId, email: inviter.email, ...(inviter.name !== null && { name: inviter.name }) },
    });
    await this.audit.record(memberInvited, member, diff(before, member));
  }

  private async findPending(organizationId: string, id: string): Promise<Member> {
    const member = await currentManager().findOne(Member, {
      where: { id, organizationId, status: Not('removed') },
      relations: { user: true },
    });
    if (!member) throw Problem.notFound('No pending invitation with this id exists.');
    if (member.status === 'active') throw invitationProblems.accepted();
    return member;
  }
}

export interface InvitedMember {
  readonly member: Member;
  /** Null for a new membership. */
  readonly before: Snapshot | null;
}

/** Creates the invited member, or changes the one whose invitation is pending. An absent name leaves the stored name. */
export function inviteMember(organizationId: string, user: User, pending: Member | null, request: InviteRequest): InvitedMember {
  if (pending) pending.user = user; // the address of a row of an older version comes from it
  const before = pending && snapshot(pending);
  const member = pending ?? currentManager().create(Member, { id: newId(), organizationId, userId: user.id, status: 'invited' });
  const { email, role, name = pending?.name ?? null } = request;
  Object.assign(member, { user, email, name, role, invitedAt: nowOrAfter(pending?.invitedAt) });
  return { member, before };
}

/** Returns now, or 1 ms after `time` if the clock has not advanced. So each invitation is a change and has an audit record. */
const nowOrAfter = (time: Date | null | undefined): Date => new Date(Math.max(Date.now(), (time?.getTime() ?? 0) + 1));
