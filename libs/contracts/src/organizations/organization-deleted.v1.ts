import { Description, DomainEvent } from '@pikaia/events';
import { IsString, MaxLength } from 'class-validator';

@Description('An organization was deleted. Its members are refused from now on. Their removal is not published for each of them.')
@DomainEvent('organization.deleted', {
  version: 1,
  aggregate: 'organization',
  producer: 'api',
  example: { name: 'Acme', slug: 'acme' },
})
export class OrganizationDeleted {
  @IsString()
  @MaxLength(200)
  name!: string;

  @IsString()
  @MaxLength(63)
  slug!: string;
}
