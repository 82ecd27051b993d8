import { IsText, OptionalField } from '@pikaia/core';
import { IsQueryInteger } from './is-integer.js';

/** The query of a list with pages. */
export class PageRequest {
  @OptionalField()
  @IsQueryInteger(1, 100)
  limit: number = 20;

  @OptionalField()
  @IsText({ max: 2000 })
  cursor?: string;
}
