import { DomainEvent, OptionalField, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsString, IsUUID, MaxLength, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { ROLES, type Role } from '../roles.js';

/** The person who sent the invitation, as shown in the email. */
export class Inviter {
  @IsUUID()
  id!: string;

  @Personal()
  @OptionalField()
  @IsString()
  @MaxLength(200)
  name?: string;

  @Personal()
  @IsEmail()
  email!: string;
}

/** A person was invited, or invited again. Contains all data that the welcome email needs. */
@DomainEvent('member.invited', { version: 1, aggregate: 'member' })
export class MemberInvited {
  /** Absent in events of older publishers. */
  @OptionalField()
  @IsUUID()
  user_id?: string;

  @Personal()
  @IsEmail()
  email!: string;

  @Personal()
  @OptionalField()
  @IsString()
  @MaxLength(200)
  name?: string;

  @IsIn(ROLES)
  role!: Role;

  @IsString()
  @MaxLength(200)
  organization_name!: string;

  @ValidateNested()
  @Type(() => Inviter)
  invited_by!: Inviter;
}
