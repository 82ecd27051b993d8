import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot, type Diff } from '@pikaia/audit';
import { UserProfileUpdated } from '@pikaia/contracts';
import { currentManager, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { userProfileUpdated } from './audit-actions.js';
import { Member } from './member.entity.js';
import { User } from './user.entity.js';

@Injectable()
export class ProfileService {
  constructor(
    private readonly organizations: OrganizationService,
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /**
   * Changes the name of the person. It belongs to the membership of the session, so other organizations do not see it. The name of
   * an operator belongs to the user. An unchanged name publishes and records nothing.
   *
   * @throws Problem 403 if the person is no longer a member, or the organization was deleted.
   */
  @Transactional()
  async rename(identity: Identity, name: string): Promise<void> {
    const named = await (identity.kind === 'member'
      ? this.lockMember(identity.organizationId, identity.memberId)
      : currentManager().findOneOrFail(User, { where: { id: identity.userId }, lock: { mode: 'for_no_key_update' } }));
    const before = snapshot(named);
    const oldName = named.name;
    named.name = name;
    const changes = diff(before, named);
    if (changes.changed.length === 0) {
      this.audit.nothingToRecord('unchanged');
      return;
    }
    await currentManager().save(named);
    await this.announce(identity, oldName, name, changes);
  }

  private async announce(identity: Identity, oldName: string | null, newName: string, changes: Diff): Promise<void> {
    const { userId: id, email } = identity;
    await this.events.publish(
      UserProfileUpdated,
      { id },
      {
        ...(identity.kind === 'member' && { member_id: identity.memberId }),
        email,
        ...(oldName !== null && { old_name: oldName }),
        new_name: newName,
      },
    );
    await this.audit.record(userProfileUpdated, { type: 'user', id, subject: id, label: email }, changes);
  }

  /** Locks the organization first, as all changes of a membership do. Otherwise one of two changes could undo the other. */
  private async lockMember(organizationId: string, id: string): Promise<Member> {
    const organization = await this.organizations.lock(organizationId);
    if (organization?.deletedAt) throw Problem.forbidden('The organization was deleted.');
    const member = await currentManager().findOne(Member, {
      where: { id, organizationId, status: 'active' },
      relations: { user: true },
    });
    if (!member) throw Problem.forbidden('You are no longer a member of the organization.');
    return member;
  }
}
