import { IsVisibleText, OptionalField, TextRule, textProblem } from '@pikaia/core';

const SLUG = /^[a-z0-9][a-z0-9-]{1,62}$/;

export const IsSlug = (): PropertyDecorator =>
  TextRule('isSlug', (value) =>
    typeof value === 'string' && !SLUG.test(value)
      ? 'must have 2 to 63 characters of a-z, 0-9 and "-", and must not start with "-"'
      : textProblem(value, { max: 63 }),
  );

export class CreateOrganizationRequest {
  @IsVisibleText({ max: 200 })
  name!: string;

  @IsSlug()
  slug!: string;
}

/** A change of an organization. Absent fields stay unchanged. */
export class UpdateOrganizationRequest {
  @OptionalField()
  @IsVisibleText({ max: 200 })
  name?: string;

  @OptionalField()
  @IsSlug()
  slug?: string;
}
