import { Description, IsText, OptionalField } from '@pikaia/core';
import { IsQueryInteger } from './is-integer.js';

/** The query of a list with pages. */
export class PageRequest {
  @Description('The number of items of a page. A page can have fewer.')
  @OptionalField()
  @IsQueryInteger(1, 100)
  limit: number = 20;

  @Description('The `next_cursor` of the previous page, for the same filter.')
  @OptionalField()
  @IsText({ max: 2000 })
  cursor?: string;
}
