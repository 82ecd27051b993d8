import { Description, IsVisibleText } from '@pikaia/core';

/** The text that a person looks for. */
export class SearchRequest {
  @Description('An id, an email address, the slug of an organization, or the beginning of a name.')
  @IsVisibleText({ max: 254 })
  query!: string;
}
