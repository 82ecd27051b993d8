import { auditAction } from '@pikaia/audit';
import {
  MemberInvitationRevoked,
  MemberInvited,
  MemberJoined,
  MemberRemoved,
  MemberRoleChangedV2,
  UserProfileUpdated,
} from '@pikaia/contracts';
import { Member } from './member.entity.js';
import { User } from './user.entity.js';

export const memberInvited = auditAction('member.invited', {
  aggregate: Member,
  changes: 'required',
  event: MemberInvited,
  description: 'An admin invites a person, or sends a pending invitation again.',
});

export const memberJoined = auditAction('member.joined', {
  aggregate: Member,
  changes: 'required',
  event: MemberJoined,
  description: 'A person becomes an active member.',
});

export const memberInvitationRevoked = auditAction('member.invitation_revoked', {
  aggregate: Member,
  changes: 'required',
  event: MemberInvitationRevoked,
  description: 'An admin withdraws a pending invitation.',
});

export const memberRoleChanged = auditAction('member.role_changed', {
  aggregate: Member,
  changes: 'required',
  event: MemberRoleChangedV2,
  description: 'An admin or the identity provider changes the role of a member.',
});

export const memberRemoved = auditAction('member.removed', {
  aggregate: Member,
  changes: 'required',
  event: MemberRemoved,
  description: 'An admin or the identity provider removes an active member.',
});

export const operatorAppointed = auditAction('operator.appointed', {
  aggregate: User,
  changes: 'required',
  description: 'A person becomes an operator of the platform.',
});

export const viewerAppointed = auditAction('viewer.appointed', {
  aggregate: User,
  changes: 'required',
  description: 'A person becomes a viewer of the platform, who reads what operators read and changes nothing.',
});

/** The name of a member is in the membership, but the entry is about the person, as for an operator. */
export const userProfileUpdated = auditAction('user.profile_updated', {
  aggregate: 'user',
  changes: 'required',
  event: UserProfileUpdated,
  description: 'A person changes their own name.',
});
