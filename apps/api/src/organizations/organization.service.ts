import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot } from '@pikaia/audit';
import { OrganizationUpdated } from '@pikaia/contracts';
import { currentManager, preparedStatement, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { checkPreconditions } from '../preconditions/preconditions.js';
import { organizationUpdated } from './audit-actions.js';
import { Organization } from './organization.entity.js';
import type { UpdateOrganizationRequest } from './organization.requests.js';
import { organizationView } from './organization.views.js';

// Index: the primary key. Locks: none. Cost: one row.
const FIND_ADMIN = preparedStatement(
  'find_admin',
  `select id from organizations_member where id = $1 and organization_id = $2 and role = 'admin' and status = 'active'`,
);

@Injectable()
export class OrganizationService {
  constructor(
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  get(id: string): Promise<Organization> {
    return currentManager().findOneByOrFail(Organization, { id });
  }

  /** Updates the organization and returns it. Without a change, no audit record and no event is written. */
  @Transactional()
  async update(admin: MemberIdentity, changes: UpdateOrganizationRequest): Promise<Organization> {
    const organization = await this.lockAs(admin);
    checkPreconditions(() => organizationView(organization));
    const { id } = organization;
    const before = snapshot(organization);
    if (changes.slug !== undefined && changes.slug !== organization.slug) await this.refuseTakenSlug(changes.slug);
    organization.name = changes.name ?? organization.name;
    organization.slug = changes.slug ?? organization.slug;
    const change = diff(before, organization);
    if (change.changed.length === 0) {
      this.audit.nothingToRecord('unchanged');
      return organization;
    }
    await currentManager().save(organization);
    await this.events.publish(
      OrganizationUpdated,
      { id, organizationId: id },
      {
        changed: [...change.changed],
        old: change.old as Record<string, string>,
        new: change.new as Record<string, string>,
      },
    );
    await this.audit.record(organizationUpdated, organization, change);
    return organization;
  }

  /** Locks an organization until the transaction ends, which serializes changes of it and of its memberships. */
  lock(id: string): Promise<Organization | null> {
    return currentManager().findOne(Organization, { where: { id }, lock: { mode: 'for_no_key_update' } });
  }

  /**
   * Loads and locks the admin's organization until the transaction ends. This serializes changes of it and of its memberships.
   * The guard read the role before the lock. A change that held the lock may have removed or demoted the admin, so it is read again,
   * in a separate statement: a join in the locking statement would return the membership as it was before the wait.
   *
   * @throws Problem 403 if the caller is no longer an active admin, or the organization was deleted.
   */
  async lockAs({ organizationId, memberId }: MemberIdentity): Promise<Organization> {
    const organization = (await this.lock(organizationId))!;
    if (organization.deletedAt) throw Problem.forbidden('The organization was deleted.');
    const admins = await currentManager().query<object[]>(FIND_ADMIN, [memberId, organizationId]);
    if (admins.length === 0) throw Problem.forbidden('You are no longer an admin of the organization.');
    return organization;
  }

  // Gives a clear message. For concurrent requests, the unique index decides.
  private async refuseTakenSlug(slug: string): Promise<void> {
    if (await currentManager().existsBy(Organization, { slug })) throw Problem.conflict(`The slug "${slug}" is taken.`);
  }
}
