import { DomainEvent, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsUUID } from 'class-validator';
import { ROLES, type Role } from '../roles.js';

@DomainEvent('member.removed', { version: 1, aggregate: 'member' })
export class MemberRemoved {
  @IsUUID()
  user_id!: string;

  @Personal()
  @IsEmail()
  email!: string;

  @IsIn(ROLES)
  role!: Role;
}
