import { IsText, OptionalField, TextRule, textProblem } from '@pikaia/core';
import { Matches } from 'class-validator';

const SLUG = /^[a-z0-9][a-z0-9-]{1,62}$/;

export const IsSlug = (): PropertyDecorator =>
  TextRule('isSlug', (value) =>
    typeof value === 'string' && !SLUG.test(value)
      ? 'must have 2 to 63 characters of a-z, 0-9 and "-", and must not start with "-"'
      : textProblem(value, { max: 63 }),
  );

/** A change of an organization. Absent fields stay unchanged. */
export class UpdateOrganizationRequest {
  @OptionalField()
  @IsText({ min: 1, max: 200 })
  @Matches(/\S/, { message: 'name must not be blank' })
  @Matches(/^[^\p{Cc}]*$/u, { message: 'name must not contain control characters' })
  name?: string;

  @OptionalField()
  @IsSlug()
  slug?: string;
}
