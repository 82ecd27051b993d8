import { IsOptional, IsString, Length, Matches } from 'class-validator';

export class UpdateOrganizationRequest {
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  name?: string;

  @IsOptional()
  @IsString()
  @Matches(/^[a-z0-9][a-z0-9-]{1,62}$/, { message: 'slug must be 2 to 63 of a-z, 0-9 and "-", and not begin with "-"' })
  slug?: string;
}
