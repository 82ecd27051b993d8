import {
  MemberInvitationRevoked,
  MemberInvited,
  MemberJoined,
  MemberRemoved,
  MemberRoleChanged,
  MemberRoleChangedV2,
  type Role,
} from '@pikaia/contracts';
import { currentManager } from '@pikaia/database';
import { Consumer, Handles, type DeliveredEvent, type EventOf } from '@pikaia/events';
import { STORE_ROLE } from './permissions-cache.sql.js';

/**
 * Keeps the role of each member in the table `permissions_cache`. Shows how events keep a cache: authorization never reads it.
 *
 * The events that give, change and end a role are handled, so a replay of all events rebuilds the same rows. Each event says the whole
 * new state, and a row keeps that of the highest `sequence`. So the order of arrival does not matter, and the consumer can run in a
 * Lambda, whose queue keeps no order. The row of a removed member stays, without a role, because an older event could arrive later.
 */
@Consumer('permissions-cache', { from: 'beginning' })
export class PermissionsCache {
  @Handles(MemberInvited, { effect: 'database' })
  @Handles(MemberJoined, { effect: 'database' })
  async storeFirstRole(event: EventOf<MemberInvited | MemberJoined>): Promise<void> {
    await this.store(event, event.data.role);
  }

  @Handles(MemberRoleChanged, { effect: 'database' })
  @Handles(MemberRoleChangedV2, { effect: 'database' })
  async storeNewRole(event: EventOf<MemberRoleChanged | MemberRoleChangedV2>): Promise<void> {
    await this.store(event, event.data.new_role);
  }

  @Handles(MemberRemoved, { effect: 'database' })
  @Handles(MemberInvitationRevoked, { effect: 'database' })
  async removeRole(event: EventOf<MemberRemoved | MemberInvitationRevoked>): Promise<void> {
    await this.store(event, null);
  }

  private async store(event: DeliveredEvent, role: Role | null): Promise<void> {
    const { aggregate_id: memberId, organization_id: organizationId, sequence, occurred_at: changedAt } = event;
    await currentManager().query(STORE_ROLE, [memberId, organizationId, role, sequence, changedAt]);
  }
}
