import { Description, DomainEvent, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsUUID } from 'class-validator';
import { ROLES, type Role } from '../roles.js';

@Description('An invitation was withdrawn before the person accepted it. The person was never a member.')
@DomainEvent('member.invitation_revoked', { version: 1, aggregate: 'member', producer: 'api' })
export class MemberInvitationRevoked {
  @IsUUID()
  user_id!: string;

  @Personal()
  @IsEmail()
  email!: string;

  @Description('The role that the person would have had.')
  @IsIn(ROLES)
  role!: Role;
}
