import { Description, IsTimestamp, OptionalField } from '@pikaia/core';
import type { Involvement } from '@pikaia/audit';
import { IsIn } from 'class-validator';
import { PageRequest } from '../server/page.request.js';

/** The query of the activity of a person. */
export class ActivityRequest extends PageRequest {
  @Description('`actor`: what the person did. `subject`: what was done to them. By default both.')
  @OptionalField()
  @IsIn(['actor', 'subject'])
  involvement?: Involvement;

  @Description('Inclusive lower bound of the time, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  from?: string;

  @Description('Exclusive upper bound, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  to?: string;
}
