import { OptionalField } from '@pikaia/core';
import { IsString, Length, Matches } from 'class-validator';

/** An absent field stays as it is. */
export class UpdateOrganizationRequest {
  @OptionalField()
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  @Matches(/^[^\p{Cc}]*$/u, { message: 'name must not hold control characters' })
  name?: string;

  @OptionalField()
  @IsString()
  @Matches(/^[a-z0-9][a-z0-9-]{1,62}$/, { message: 'slug must be 2 to 63 of a-z, 0-9 and "-", and not begin with "-"' })
  slug?: string;
}
