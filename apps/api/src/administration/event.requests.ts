import { IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { EVENT_STATUSES, type EventStatus } from '@pikaia/events';
import { IsIn } from 'class-validator';
import { CanonicalId, IsCanonicalId } from '../server/canonical.js';
import { PageRequest } from '../server/page.request.js';

/** Filters of the event list. An unknown filter is refused. */
export class FindEventsRequest extends PageRequest {
  @OptionalField()
  @IsCanonicalId()
  event_id?: string;

  @OptionalField()
  @IsText({ max: 200 })
  event_type?: string;

  @OptionalField()
  @IsText({ max: 200 })
  aggregate_type?: string;

  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  aggregate_id?: string;

  /** Operators can choose an organization. Admins see only their own; a request for another is refused with 403. */
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  organization_id?: string;

  @OptionalField()
  @IsCanonicalId()
  correlation_id?: string;

  @OptionalField()
  @IsIn(EVENT_STATUSES)
  status?: EventStatus;

  /** A substring of the last error of any sink, case-insensitive. */
  @OptionalField()
  @IsText({ min: 3, max: 200 })
  error?: string;

  /** Inclusive lower bound of the time of occurrence, with a time zone. */
  @OptionalField()
  @IsTimestamp()
  from?: string;

  /** Exclusive upper bound, with a time zone. */
  @OptionalField()
  @IsTimestamp()
  to?: string;
}
