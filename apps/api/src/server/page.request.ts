import { IsText, OptionalField } from '@pikaia/core';
import { IsQueryInteger } from './is-integer.js';

/** The query of a list that returns the newest items. */
export class LimitRequest {
  @OptionalField()
  @IsQueryInteger(1, 100)
  limit: number = 20;
}

/** The query of a list with pages. */
export class PageRequest extends LimitRequest {
  @OptionalField()
  @IsText({ max: 2000 })
  cursor?: string;
}
