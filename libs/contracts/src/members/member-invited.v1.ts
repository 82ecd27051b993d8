import { DomainEvent, OptionalField } from '@pikaia/events';
import { IsEmail, IsIn, IsString, IsUUID, MaxLength, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { ROLES, type Role } from '../roles.js';

/** Who invited, as the e-mail names them. */
export class Inviter {
  @IsUUID()
  id!: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  name?: string;

  @IsEmail()
  email!: string;
}

/** A person was invited, or invited again. Enough for the welcome e-mail without a look-up elsewhere. */
@DomainEvent('member.invited', { version: 1, aggregate: 'member' })
export class MemberInvited {
  @IsEmail()
  email!: string;

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
