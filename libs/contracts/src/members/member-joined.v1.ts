import { Description, DomainEvent, OptionalField, Personal } from '@pikaia/events';
import { IsEmail, IsIn, IsString, IsUUID, MaxLength } from 'class-validator';
import { ROLES, type Role } from '../roles.js';

@Description('A person became an active member of an organization. A later sign-in publishes nothing.')
@DomainEvent('member.joined', {
  version: 1,
  aggregate: 'member',
  producer: 'api',
  example: {
    user_id: '019c12f4-7175-76ba-8504-af03c46f1d1b',
    email: 'bob@example.com',
    name: 'Bob Miller',
    role: 'member',
  },
})
export class MemberJoined {
  @IsUUID()
  user_id!: string;

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
}
