import { Description, DomainEvent, IsTimestamp, OptionalField, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsString, IsUUID, MaxLength, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { ROLES, type Role } from '../roles.js';

@Description('The person who sent the invitation, as shown in the email.')
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

@Description('A person was invited, or invited again. Contains all data that the welcome email needs.')
@DomainEvent('member.invited', {
  version: 1,
  aggregate: 'member',
  producer: 'api',
  example: {
    user_id: '019c12f4-7175-76ba-8504-af03c46f1d1b',
    email: 'bob@example.com',
    name: 'Bob Miller',
    role: 'member',
    organization_name: 'Acme',
    invited_at: '2026-01-31T08:30:00.000Z',
    invited_by: { id: '019c12f4-04f8-7996-8da7-63b7a969b102', name: 'Alice Smith', email: 'alice@example.com' },
  },
})
export class MemberInvited {
  @Description('Absent in events of older publishers.')
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

  @Description('The time of this invitation. Tokens of earlier invitations are not valid. Absent in events of older publishers.')
  @OptionalField()
  @IsTimestamp()
  invited_at?: string;

  @ValidateNested()
  @Type(() => Inviter)
  invited_by!: Inviter;
}
