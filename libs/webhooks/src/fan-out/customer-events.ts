import {
  MemberInvitationRevoked,
  MemberInvited,
  MemberJoined,
  MemberRemoved,
  MemberRoleChanged,
  MemberRoleChangedV2,
  OrganizationUpdated,
  SubscriptionActivated,
  SubscriptionCanceled,
  SubscriptionUpdated,
  UserProfileUpdated,
} from '@pikaia/contracts';
import type { ContractClass } from '@pikaia/events';

/**
 * The contracts whose events are sent to webhook endpoints of their organization, in every version that can still be stored.
 * test/architecture/customer-events.spec.ts lists all other contracts with the reason.
 */
export const CUSTOMER_EVENTS: readonly ContractClass[] = [
  MemberInvited,
  MemberInvitationRevoked,
  MemberJoined,
  MemberRoleChanged,
  MemberRoleChangedV2,
  MemberRemoved,
  OrganizationUpdated,
  SubscriptionActivated,
  SubscriptionUpdated,
  SubscriptionCanceled,
  UserProfileUpdated,
];
