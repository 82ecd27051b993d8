import { Injectable } from '@nestjs/common';
import { Audit, diff } from '@pikaia/audit';
import { OrganizationCreated } from '@pikaia/contracts';
import { newId } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { bindIdentity } from '../authentication/bind-identity.js';
import type { MemberSession } from '../authentication/session-verifier.js';
import { emailUnverified } from '../errors/email-unverified.js';
import { Problem } from '../errors/problem.js';
import { refuseDeletedMember } from '../identity/deleted-at-provider.js';
import { findOrCreateUser } from '../members/find-or-create-user.js';
import { Member } from '../members/member.entity.js';
import { MembershipChanges } from '../members/membership.changes.js';
import { organizationCreated } from './audit-actions.js';
import { Organization } from './organization.entity.js';
import type { CreateOrganizationRequest } from './organization.requests.js';

/**
 * Inserts an organization, or nothing if the slug or the provider's organization is taken. Waits for a transaction that inserts
 * either. The transaction stays usable, which a violation of a unique index would abort.
 *
 * Index: organizations_organization_slug, organizations_organization_provider. Locks: the new row. Cost: one row.
 */
const INSERT = `
  insert into organizations_organization (id, name, slug, provider_id) values ($1, $2, $3, $4)
  on conflict do nothing returning created_at as "createdAt"`;

@Injectable()
export class OrganizationCreation {
  constructor(
    private readonly members: MembershipChanges,
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /**
   * Creates the organization of a session whose organization at the provider is not known here. The person becomes its first admin.
   *
   * @throws Problem 403 if the session contains no verified email address, or the person was deleted at the provider; 409 if the
   * organization exists or the slug is taken.
   */
  @Transactional()
  async create(session: MemberSession, { name, slug }: CreateOrganizationRequest): Promise<Organization> {
    const { email, subject, organization: providerId } = session;
    if (email === undefined) throw emailUnverified();
    await refuseDeletedMember(session);
    const id = newId();
    const [created] = await currentManager().query<Pick<Organization, 'createdAt'>[]>(INSERT, [id, name, slug, providerId]);
    if (!created) throw await this.conflict(slug, providerId);
    const organization = currentManager().create(Organization, { id, name, slug, providerId, deletedAt: null, ...created });
    const { user } = await findOrCreateUser(email);
    const member = currentManager().create(Member, {
      id: newId(),
      organizationId: id,
      userId: user.id,
      user,
      email,
      name: null,
      role: 'admin',
      providerId: subject,
    });
    bindIdentity({
      kind: 'member',
      userId: user.id,
      email,
      name: null,
      memberId: member.id,
      role: 'admin',
      organizationId: id,
    });
    await this.events.publish(OrganizationCreated, { id }, { name, slug });
    await this.audit.record(organizationCreated, organization, diff(null, organization));
    await this.members.join(member, null);
    return organization;
  }

  private async conflict(slug: string, providerId: string): Promise<Problem> {
    const exists = await currentManager().existsBy(Organization, { providerId });
    return exists
      ? new Problem(409, 'organization-exists', 'The organization exists', 'The organization of your session exists already.')
      : Problem.conflict(`The slug "${slug}" is taken.`);
  }
}
