import { OptionalField } from '@pikaia/core';
import { IsString, Length, Matches } from 'class-validator';

/** A change of an organization. Absent fields stay unchanged. */
export class UpdateOrganizationRequest {
  @OptionalField()
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  @Matches(/^[^\p{Cc}]*$/u, { message: 'name must not contain control characters' })
  name?: string;

  @OptionalField()
  @IsString()
  @Matches(/^[a-z0-9][a-z0-9-]{1,62}$/, {
    message: 'slug must have 2 to 63 characters of a-z, 0-9 and "-", and must not start with "-"',
  })
  slug?: string;
}
