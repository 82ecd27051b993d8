import { Description, DomainEvent, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsUUID } from 'class-validator';
import { ROLES, type Role } from '../roles.js';

@Description('The role of a member was changed. Contains the person, so that a consumer needs no other event.')
@DomainEvent('member.role_changed', {
  version: 2,
  aggregate: 'member',
  producer: 'api',
  example: {
    user_id: '019c12f4-7175-76ba-8504-af03c46f1d1b',
    email: 'bob@example.com',
    old_role: 'member',
    new_role: 'admin',
  },
})
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
