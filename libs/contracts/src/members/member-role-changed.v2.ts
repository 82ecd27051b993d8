import { DomainEvent, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsUUID } from 'class-validator';
import { ROLES, type Role } from '../roles.js';

/** The role of a member was changed. Contains the person, so that a consumer needs no other event. */
@DomainEvent('member.role_changed', { version: 2, aggregate: 'member' })
export class MemberRoleChangedV2 {
  @IsUUID()
  user_id!: string;

  @Personal()
  @IsEmail()
  email!: string;

  @IsIn(ROLES)
  old_role!: Role;

  @IsIn(ROLES)
  new_role!: Role;
}
