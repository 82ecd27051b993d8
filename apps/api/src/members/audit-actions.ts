import { auditAction } from '@pikaia/audit';
import { MemberInvited, MemberRemoved, MemberRoleChangedV2 } from '@pikaia/contracts';
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
  description: 'A person becomes an active member.',
});

export const memberRoleChanged = auditAction('member.role_changed', {
  aggregate: Member,
  changes: 'required',
  event: MemberRoleChangedV2,
  description: 'An admin changes the role of a member.',
});

export const memberRemoved = auditAction('member.removed', {
  aggregate: Member,
  changes: 'required',
  event: MemberRemoved,
  description: 'An admin removes a member or withdraws an invitation.',
});

export const operatorAppointed = auditAction('operator.appointed', {
  aggregate: User,
  changes: 'required',
  description: 'A person becomes an operator of the platform.',
});
