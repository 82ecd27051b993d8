import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot, type Snapshot } from '@pikaia/audit';
import { MemberInvitationRevoked, MemberJoined, MemberRemoved, MemberRoleChangedV2, type Role } from '@pikaia/contracts';
import { currentManager } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { memberInvitationRevoked, memberJoined, memberRemoved, memberRoleChanged } from './audit-actions.js';
import { Member } from './member.entity.js';

/**
 * The changes of a membership that the api and the identity provider share. Each saves the row, publishes one event and records one
 * audit entry. Call them in a transaction that holds the lock of the organization, with the actor in the context.
 */
@Injectable()
export class MembershipChanges {
  constructor(
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /**
   * Makes a person an active member.
   *
   * @param before null for a new membership.
   */
  async join(member: Member, before: Snapshot | null): Promise<void> {
    Object.assign(member, { status: 'active', joinedAt: new Date() });
    await (before ? currentManager().save(member) : currentManager().insert(Member, member));
    const { userId, address: email, name, role } = member;
    await this.events.publish(MemberJoined, member, { user_id: userId, email, ...(name !== null && { name }), role });
    await this.audit.record(memberJoined, member, diff(before, member));
  }

  async changeRole(member: Member, role: Role): Promise<void> {
    const before = snapshot(member);
    const { userId, address: email, role: oldRole } = member;
    member.role = role;
    await currentManager().save(member);
    await this.events.publish(MemberRoleChangedV2, member, { user_id: userId, email, old_role: oldRole, new_role: role });
    await this.audit.record(memberRoleChanged, member, diff(before, member));
  }

  /** Removes an active member, or withdraws the invitation of a person who has not joined. */
  async remove(member: Member): Promise<void> {
    const before = snapshot(member);
    const { userId, address: email, role, status } = member;
    Object.assign(member, { status: 'removed', removedAt: new Date() });
    await currentManager().save(member);
    const data = { user_id: userId, email, role };
    const changes = diff(before, null);
    if (status === 'invited') {
      await this.events.publish(MemberInvitationRevoked, member, data);
      await this.audit.record(memberInvitationRevoked, member, changes);
    } else {
      await this.events.publish(MemberRemoved, member, data);
      await this.audit.record(memberRemoved, member, changes);
    }
  }
}
