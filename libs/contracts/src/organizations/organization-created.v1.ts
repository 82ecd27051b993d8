import { Description, DomainEvent } from '@pikaia/events';
import { IsString, MaxLength } from 'class-validator';

@Description('An organization was created. Its first admin joins in the same transaction: see member.joined.')
@DomainEvent('organization.created', {
  version: 1,
  aggregate: 'organization',
  producer: 'api',
  example: { name: 'Acme', slug: 'acme' },
})
export class OrganizationCreated {
  @IsString()
  @MaxLength(200)
  name!: string;

  @IsString()
  @MaxLength(63)
  slug!: string;
}
