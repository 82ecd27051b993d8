import { Description, IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { EVENT_STATUSES, type EventStatus } from '@pikaia/events';
import { IsIn } from 'class-validator';
import { CanonicalId, IsCanonicalId } from '../server/canonical.js';
import { PageRequest } from '../server/page.request.js';

/** Filters of the event list. An unknown filter is refused. */
export class FindEventsRequest extends PageRequest {
  @Description('The id of the event.')
  @OptionalField()
  @IsCanonicalId()
  event_id?: string;

  @Description('The type of the event.')
  @OptionalField()
  @IsText({ max: 200 })
  event_type?: string;

  @Description('The type of the object that changed.')
  @OptionalField()
  @IsText({ max: 200 })
  aggregate_type?: string;

  @Description('The id of the object that changed.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  aggregate_id?: string;

  @Description('Operators can choose an organization. Admins see only their own; another is refused with 403.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  organization_id?: string;

  @Description('The correlation id of the request.')
  @OptionalField()
  @IsCanonicalId()
  correlation_id?: string;

  @Description('The status of the event across all sinks.')
  @OptionalField()
  @IsIn(EVENT_STATUSES)
  status?: EventStatus;

  @Description('A substring of the last error of any sink, case-insensitive.')
  @OptionalField()
  @IsText({ min: 3, max: 200 })
  error?: string;

  @Description('Inclusive lower bound of the time, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  from?: string;

  @Description('Exclusive upper bound, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  to?: string;
}
