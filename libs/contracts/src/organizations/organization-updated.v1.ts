import { DomainEvent } from '@pikaia/events';
import { IsArray, IsObject, IsString } from 'class-validator';

@DomainEvent('organization.updated', { version: 1, aggregate: 'organization' })
export class OrganizationUpdated {
  /** The names of the fields that changed. */
  @IsArray()
  @IsString({ each: true })
  changed!: string[];

  /** The old values of the changed fields. */
  @IsObject()
  old!: Record<string, string | null>;

  /** The new values of the changed fields. */
  @IsObject()
  new!: Record<string, string | null>;
}
