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
import { descriptionOf } from '@pikaia/core';
import { contractOf, type ContractClass } from '@pikaia/events';

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

/** A type of events that endpoints can get, as its newest version describes it. */
export interface CustomerEventType {
  readonly type: string;
  readonly version: number;
  readonly description: string;
}

/** The types of `CUSTOMER_EVENTS`, in alphabetical order. */
export function customerEventTypes(): CustomerEventType[] {
  const contracts = CUSTOMER_EVENTS.map(contractOf).sort((one, other) => one.version - other.version);
  const newest = new Map(contracts.map((contract) => [contract.type, contract]));
  return [...newest.values()]
    .map(({ type, version, data }) => ({ type, version, description: descriptionOf(data)! }))
    .sort((one, other) => (one.type < other.type ? -1 : 1));
}
