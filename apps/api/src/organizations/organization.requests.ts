import { IsString, Length, Matches, ValidateIf } from 'class-validator';

// Absent is "leave it as it is"; null is not, so IsOptional would pass what the service then ignores.
const IfGiven = () => ValidateIf((_, value) => value !== undefined);

export class UpdateOrganizationRequest {
  @IfGiven()
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  @Matches(/^[^\p{Cc}]*$/u, { message: 'name must not hold control characters' })
  name?: string;

  @IfGiven()
  @IsString()
  @Matches(/^[a-z0-9][a-z0-9-]{1,62}$/, { message: 'slug must be 2 to 63 of a-z, 0-9 and "-", and not begin with "-"' })
  slug?: string;
}
