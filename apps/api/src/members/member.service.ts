import { Injectable } from '@nestjs/common';
import { Audit } from '@pikaia/audit';
import type { Role } from '@pikaia/contracts';
import { currentManager, Transactional } from '@pikaia/database';
import { MoreThan, Not } from 'typeorm';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { checkPreconditions } from '../preconditions/preconditions.js';
import { PageCursor } from '../server/page.cursor.js';
import type { PageRequest } from '../server/page.request.js';
import { Member } from './member.entity.js';
import { memberView } from './member.views.js';
import { MembershipChanges } from './membership.changes.js';

@Injectable()
export class MemberService {
  constructor(
    private readonly organizations: OrganizationService,
    private readonly changes: MembershipChanges,
    private readonly audit: Audit,
    private readonly cursors: PageCursor,
  ) {}

  /** Lists invited and active members, oldest first. */
  async list(organizationId: string, { cursor, limit }: PageRequest): Promise<{ members: Member[]; nextCursor: string | null }> {
    const list = `members:${organizationId}`;
    const after = cursor !== undefined && this.cursors.decode(cursor, list);
    const members = await currentManager().find(Member, {
      where: { organizationId, status: Not('removed'), ...(after && { id: MoreThan(after) }) },
      relations: { user: true },
      order: { id: 'asc' },
      take: limit + 1,
    });
    const more = members.length > limit;
    const page = members.slice(0, limit);
    return { members: page, nextCursor: more ? this.cursors.encode(page.at(-1)!.id, list) : null };
  }

  /** @throws Problem 404 if the organization has no such member. A member of another organization gives the same response. */
  async get(organizationId: string, id: string): Promise<Member> {
    const member = await currentManager().findOne(Member, {
      where: { id, organizationId, status: Not('removed') },
      relations: { user: true },
    });
    if (!member) throw Problem.notFound('No member with this id exists.');
    return member;
  }

  /** @throws Problem 403 if an admin changes their own role, 409 if the member is the last admin. */
  @Transactional()
  async changeRole(admin: MemberIdentity, id: string, role: Role): Promise<Member> {
    const member = await this.lockMember(admin, id);
    if (member.id === admin.memberId) throw Problem.forbidden('You cannot change your own role. Ask another admin.');
    checkPreconditions(() => memberView(member));
    if (role === member.role) {
      this.audit.nothingToRecord('unchanged');
      return member;
    }
    if (role !== 'admin') await this.requireAnotherAdmin(member);
    await this.changes.changeRole(member, role);
    return member;
  }

  /** Removes a member. The next request of the person is refused. Withdraws the invitation of a person who has not joined. */
  @Transactional()
  async remove(admin: MemberIdentity, id: string): Promise<void> {
    const member = await this.lockMember(admin, id);
    checkPreconditions(() => memberView(member));
    await this.requireAnotherAdmin(member);
    await this.changes.remove(member);
  }

  /** Locks the organization, so the number of its admins cannot change until the transaction ends. */
  private async lockMember(admin: MemberIdentity, id: string): Promise<Member> {
    await this.organizations.lockAs(admin);
    return this.get(admin.organizationId, id);
  }

  private async requireAnotherAdmin(leaving: Member): Promise<void> {
    if (leaving.role !== 'admin' || leaving.status !== 'active') return;
    const others = await currentManager().countBy(Member, {
      organizationId: leaving.organizationId,
      role: 'admin',
      status: 'active',
      id: Not(leaving.id),
    });
    if (others === 0) throw Problem.conflict('This member is the last admin. Make another member an admin first.');
  }
}
