import { Description, IsVisibleText, OptionalField, TextRule, textProblem } from '@pikaia/core';

const SLUG = /^[a-z0-9][a-z0-9-]{1,62}$/;

export const IsSlug = (): PropertyDecorator =>
  TextRule(
    'isSlug',
    (value) =>
      typeof value === 'string' && !SLUG.test(value)
        ? 'must have 2 to 63 characters of a-z, 0-9 and "-", and must not start with "-"'
        : textProblem(value, { max: 63 }),
    [{ pattern: SLUG.source }],
  );

export class CreateOrganizationRequest {
  @Description('The name.')
  @IsVisibleText({ max: 200 })
  name!: string;

  @Description('The short name in addresses. No other organization may have it.')
  @IsSlug()
  slug!: string;
}

/** A change of an organization. Absent fields stay unchanged. */
export class UpdateOrganizationRequest {
  @Description('The new name.')
  @OptionalField()
  @IsVisibleText({ max: 200 })
  name?: string;

  @Description('The new short name. No other organization may have it.')
  @OptionalField()
  @IsSlug()
  slug?: string;
}
