import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot } from '@pikaia/audit';
import { context, newId, PikaiaError } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { Not } from 'typeorm';
import { findOrCreateUser } from '../members/find-or-create-user.js';
import { Member } from '../members/member.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import type { FirstOrganizationArguments } from './first-organization.arguments.js';
import { APPOINT, FIND_PROVIDER_ID, LOCK } from './first-organization.sql.js';

export type Made = 'organization' | 'admin' | 'operator';

/** What a new system needs before anybody can sign in and invite: an organization, its admin, an operator. */
@Injectable()
export class FirstOrganization {
  constructor(private readonly audit: Audit) {}

  /**
   * Makes what is missing, all of it or nothing, with an audit entry each. What is there already stays; running it again, or
   * twice at once, changes nothing.
   *
   * @returns what was made or changed.
   * @throws PikaiaError `PIKAIA_FIRST_ORGANIZATION_CONFLICT` where something is there and is another one than is asked for.
   */
  @Transactional()
  async ensure(request: FirstOrganizationArguments): Promise<Made[]> {
    await currentManager().query(LOCK);
    const made: Made[] = [];
    if (request.operatorEmail !== undefined && (await this.ensureOperator(request))) made.push('operator');
    const { organization, isNew } = await this.ensureOrganization(request);
    if (isNew) made.push('organization');
    if (await this.ensureAdmin(organization, request)) made.push('admin');
    return made;
  }

  private async ensureOrganization({ name, slug, providerId }: FirstOrganizationArguments) {
    const found = await currentManager().find(Organization, { where: [{ slug }, { providerId }] });
    const organization =
      found[0] ?? currentManager().create(Organization, { id: newId(), name, slug, providerId, deletedAt: null });
    const isNew = found.length === 0;
    if (organization.slug !== slug || organization.providerId !== providerId || found.length > 1)
      throw conflict(`the slug ${slug} or the provider's id ${providerId} belongs to another organization`);
    if (organization.deletedAt) throw conflict(`the organization ${slug} was deleted`);
    context.bind({ organizationId: organization.id });
    if (isNew) {
      await currentManager().save(organization);
      await this.audit.record('organization.created', organization, diff(null, snapshot(organization)));
    }
    return { organization, isNew };
  }

  private async ensureAdmin({ id: organizationId }: Organization, request: FirstOrganizationArguments): Promise<boolean> {
    const { adminEmail, adminName, adminProviderId: providerId } = request;
    const user = await findOrCreateUser(adminEmail);
    const found = await currentManager().findOne(Member, {
      where: { organizationId, userId: user.id, status: Not('removed') },
      relations: { user: true },
    });
    if (found?.providerId && found.providerId !== providerId)
      throw conflict(`${adminEmail} has another id at the session provider`);
    const before = found && snapshot(found);
    const member = found ?? currentManager().create(Member, { id: newId(), organizationId, userId: user.id, joinedAt: null });
    Object.assign(member, {
      user,
      email: member.email ?? adminEmail,
      name: member.name ?? adminName ?? null,
      role: 'admin',
      status: 'active',
      providerId,
      joinedAt: member.joinedAt ?? new Date(),
    });
    const changes = diff(before, snapshot(member));
    await currentManager().save(member);
    return this.audit.record('member.joined', member, changes);
  }

  /** Belongs to the platform, not to an organization: so it comes before one is bound. */
  private async ensureOperator({
    operatorEmail,
    operatorName,
    operatorProviderId,
  }: FirstOrganizationArguments): Promise<boolean> {
    const user = await findOrCreateUser(operatorEmail!);
    const [row] = await currentManager().query<{ provider_id: string | null }[]>(FIND_PROVIDER_ID, [user.id]);
    if (row!.provider_id !== null && row!.provider_id !== operatorProviderId)
      throw conflict(`${operatorEmail} has another id at the session provider`);
    const before = snapshot(user);
    if (!user.operator) user.name = operatorName ?? null; // a name that an organization typed is not the operator's
    user.operator = true;
    await currentManager().query(APPOINT, [user.id, operatorProviderId, user.name]);
    return this.audit.record('operator.appointed', user, diff(before, snapshot(user)));
  }
}

const conflict = (why: string): PikaiaError => new PikaiaError('PIKAIA_FIRST_ORGANIZATION_CONFLICT', `Nothing was made: ${why}.`);
