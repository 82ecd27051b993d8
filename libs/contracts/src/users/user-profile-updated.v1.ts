import { Description, DomainEvent, OptionalField, Personal } from '@pikaia/events';
import { IsEmail, IsString, IsUUID, MaxLength } from 'class-validator';

@Description(
  'A person changed their own name. The name belongs to one membership; other organizations of the person do not see it. The name of an operator belongs to the user.',
)
@DomainEvent('user.profile_updated', {
  version: 1,
  aggregate: 'user',
  producer: 'api',
  example: {
    member_id: '019c12f4-2504-7805-8665-bc3c87239098',
    email: 'bob@example.com',
    old_name: 'Bob Miller',
    new_name: 'Robert Miller',
  },
})
export class UserProfileUpdated {
  @Description('The membership whose name changed. Absent for an operator.')
  @OptionalField()
  @IsUUID()
  member_id?: string;

  @Personal()
  @IsEmail()
  email!: string;

  @Description('Absent if the person had no name.')
  @Personal()
  @OptionalField()
  @IsString()
  @MaxLength(200)
  old_name?: string;

  @Personal()
  @IsString()
  @MaxLength(200)
  new_name!: string;
}
