import { DomainEvent } from '@pikaia/events';
import { IsArray, IsObject, IsString } from 'class-validator';

@DomainEvent('organization.updated', { version: 1, aggregate: 'organization' })
export class OrganizationUpdated {
  /** The names of the fields that changed. */
  @IsArray()
  @IsString({ each: true })
  changed!: string[];

  /** The changed fields before. */
  @IsObject()
  old!: Record<string, string | null>;

  /** The changed fields after. */
  @IsObject()
  new!: Record<string, string | null>;
}
