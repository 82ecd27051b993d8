import { Description, DomainEvent } from '@pikaia/events';
import { IsArray, IsObject, IsString } from 'class-validator';

@Description('Fields of an organization were changed.')
@DomainEvent('organization.updated', {
  version: 1,
  aggregate: 'organization',
  producer: 'api',
  example: { changed: ['name'], old: { name: 'Acme' }, new: { name: 'Acme Corporation' } },
})
export class OrganizationUpdated {
  @Description('The names of the fields that changed.')
  @IsArray()
  @IsString({ each: true })
  changed!: string[];

  @Description('The old values of the changed fields.')
  @IsObject()
  old!: Record<string, string | null>;

  @Description('The new values of the changed fields.')
  @IsObject()
  new!: Record<string, string | null>;
}
