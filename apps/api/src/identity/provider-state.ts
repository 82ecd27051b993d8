import type { Role } from '@pikaia/contracts';

/** A member at the provider. `pending`: invited there, but never signed in. */
export type MemberState = { readonly status: 'active' | 'pending'; readonly role: Role } | Deleted;

export type OrganizationState = { readonly status: 'active'; readonly name: string } | Deleted;

interface Deleted {
  readonly status: 'deleted';
}

export interface Versioned<State> {
  readonly version: number;
  readonly state: State;
}

/** What the provider changed about a member between two of its states. */
export interface MemberChange {
  readonly joins: boolean;
  readonly leaves: boolean;
  /** The new role of an active member. */
  readonly role?: Role;
}

/** @param older undefined if nothing is known about the time before `newer`. */
export function memberChange(older: MemberState | undefined, newer: MemberState): MemberChange {
  return {
    joins: newer.status === 'active' && older?.status !== 'active',
    leaves:
      (newer.status === 'deleted' && older?.status !== 'deleted') || (newer.status === 'pending' && older?.status === 'active'),
    ...(newer.status === 'active' && newer.role !== roleOf(older) && { role: newer.role }),
  };
}

const roleOf = (state: MemberState | undefined): Role | undefined =>
  state === undefined || state.status === 'deleted' ? undefined : state.role;

/** What the provider changed about an organization between two of its states. */
export interface OrganizationChange {
  readonly isDeleted: boolean;
  readonly name?: string;
}

export function organizationChange(older: OrganizationState | undefined, newer: OrganizationState): OrganizationChange {
  const known = older?.status === 'active' ? older.name : undefined;
  return {
    isDeleted: newer.status === 'deleted' && older?.status !== 'deleted',
    ...(newer.status === 'active' && newer.name !== known && { name: newer.name }),
  };
}

/**
 * True if `one` is older than `other`. Of two states with the same time, the one that gives fewer rights counts as the newer, so
 * all processes agree whatever the order of the notices.
 */
export function isOlder<State extends MemberState | OrganizationState>(one: Versioned<State>, other: Versioned<State>): boolean {
  if (one.version !== other.version) return one.version < other.version;
  const [first, second] = [rank(one.state), rank(other.state)];
  return first < second;
}

/** Sorts states of the same time: text that is compared character by character. */
const rank = (state: MemberState | OrganizationState): string => {
  if (state.status === 'deleted') return '3';
  if (state.status === 'pending') return '2';
  return 'role' in state ? `1 ${state.role === 'admin' ? 0 : 1}` : `1 ${state.name}`;
};
