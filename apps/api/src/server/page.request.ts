import { applyDecorators } from '@nestjs/common';
import { Description, IsText, OptionalField } from '@pikaia/core';
import { IsQueryInteger } from './is-integer.js';

/** Declares the number of items of a page. */
export const PageLimit = (): PropertyDecorator =>
  applyDecorators(Description('The number of items of a page. A page can have fewer.'), OptionalField(), IsQueryInteger(1, 100));

/** Declares the place at which a page begins. */
export const PageStart = (): PropertyDecorator =>
  applyDecorators(
    Description('The `next_cursor` of the previous page, for the same filter.'),
    OptionalField(),
    IsText({ max: 2000 }),
  );

/** The query of a list with pages. */
export class PageRequest {
  @PageLimit()
  limit: number = 20;

  @PageStart()
  cursor?: string;
}
