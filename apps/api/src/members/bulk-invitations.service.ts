import { Injectable } from '@nestjs/common';
import { Audit } from '@pikaia/audit';
import { currentManager, Transactional } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { In, Not } from 'typeorm';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { RequestPipe } from '../server/request.pipe.js';
import { emailKey } from './email-key.js';
import { findOrCreateUsers } from './find-or-create-users.js';
import { inviteMember, InvitationService, type InvitedMember } from './invitation.service.js';
import { Member } from './member.entity.js';
import { InviteRequest } from './member.requests.js';

const logger = getLogger('members');

/** The result of one invitation: the pending membership, or the reason why the person was not invited. */
export type InvitationResult =
  | { readonly result: 'created' | 'resent'; readonly member: Member; readonly problem?: never }
  | { readonly result: 'refused'; readonly problem: Problem; readonly member?: never };

/** Updates pending memberships. Index: primary key. Locks: these rows. Cost: one row each. */
const UPDATE = `
  update organizations_member m set email = n.email, name = n.name, role = n.role, invited_at = n.invited_at
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) as n (id, email, name, role, invited_at)
  where m.id = n.id`;

@Injectable()
export class BulkInvitations {
  private readonly pipe = new RequestPipe();

  constructor(
    private readonly organizations: OrganizationService,
    private readonly invitations: InvitationService,
    private readonly audit: Audit,
  ) {}

  /**
   * Invites many people as `InvitationService.invite` does one, in one transaction. An invitation that is refused does not affect the
   * others. Of several with the same canonical address, the first counts.
   *
   * The number of statements before the commit does not depend on the number of people. Events and audit entries travel with the
   * commit, one of each for each person.
   *
   * @returns one result for each invitation, in the same order.
   * @throws Problem 403 if the inviter is no longer an admin.
   */
  async invite(inviter: MemberIdentity, invitations: readonly object[]): Promise<InvitationResult[]> {
    logger.info('members_invite_started', { invitations: invitations.length });
    return this.inviteValid(inviter, await Promise.all(invitations.map((one) => this.validate(one))));
  }

  @Transactional()
  protected async inviteValid(inviter: MemberIdentity, rows: readonly (InviteRequest | Problem)[]): Promise<InvitationResult[]> {
    const organization = await this.organizations.lockAs(inviter);
    const first = new Map<string, InviteRequest>();
    for (const row of rows) {
      if (row instanceof Problem || first.has(emailKey(row.email)!)) continue;
      first.set(emailKey(row.email)!, row);
    }
    const users = await findOrCreateUsers([...first.values()].map(({ email }) => email));
    const known = await this.findMembers(
      organization.id,
      [...users.values()].filter(({ created }) => !created).map(({ user }) => user.id),
    );
    const changes: InvitedMember[] = [];
    const results = rows.map((row): InvitationResult => {
      if (row instanceof Problem) return { result: 'refused', problem: row };
      const key = emailKey(row.email)!;
      if (first.get(key) !== row) return { result: 'refused', problem: repeated() };
      const { user } = users.get(key)!;
      const pending = known.get(user.id) ?? null;
      if (pending?.status === 'active')
        return { result: 'refused', problem: Problem.conflict('This person is a member already.') };
      const invited = inviteMember(organization.id, user, pending, row);
      changes.push(invited);
      return { result: invited.before ? 'resent' : 'created', member: invited.member };
    });
    await save(changes);
    for (const { member, before } of changes) await this.invitations.announce(organization, inviter, member, before);
    if (changes.length === 0) this.audit.nothingToRecord('unchanged');
    return results;
  }

  private async validate(invitation: object): Promise<InviteRequest | Problem> {
    try {
      return (await this.pipe.transform(invitation, { type: 'body', metatype: InviteRequest })) as InviteRequest;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  private async findMembers(organizationId: string, userIds: readonly string[]): Promise<Map<string, Member>> {
    const members = await currentManager().findBy(Member, { organizationId, userId: In(userIds), status: Not('removed') });
    return new Map(members.map((member) => [member.userId, member]));
  }
}

async function save(changes: readonly InvitedMember[]): Promise<void> {
  const [created, pending] = [false, true].map((existed) =>
    changes.filter(({ before }) => existed === (before !== null)).map(({ member }) => member),
  ) as [Member[], Member[]];
  if (created.length) await currentManager().insert(Member, created);
  if (pending.length === 0) return;
  const columns = (['id', 'email', 'name', 'role', 'invitedAt'] as const).map((column) =>
    pending.map((member) => member[column]),
  );
  await currentManager().query(UPDATE, columns);
}

const repeated = () =>
  new Problem(409, 'invitation-repeated', 'Invited twice', 'An earlier invitation of this request has the same address.');
