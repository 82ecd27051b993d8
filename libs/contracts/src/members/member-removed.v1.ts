import { Description, DomainEvent, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsUUID } from 'class-validator';
import { ROLES, type Role } from '../roles.js';

@Description('A person was removed from an organization.')
@DomainEvent('member.removed', { version: 1, aggregate: 'member', producer: 'api' })
export class MemberRemoved {
  @IsUUID()
  user_id!: string;

  @Personal()
  @IsEmail()
  email!: string;

  @Description('The role that the person had.')
  @IsIn(ROLES)
  role!: Role;
}
