import { Description, DomainEvent } from '@pikaia/events';
import { IsIn } from 'class-validator';
import { ROLES, type Role } from '../roles.js';

@Description(
  'The role of a member was changed. No longer published: version 2 also contains the person. The log still has events of this version.',
)
@DomainEvent('member.role_changed', { version: 1, aggregate: 'member', example: { old_role: 'member', new_role: 'admin' } })
export class MemberRoleChanged {
  @IsIn(ROLES)
  old_role!: Role;

  @IsIn(ROLES)
  new_role!: Role;
}
