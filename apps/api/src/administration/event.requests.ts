import { Description, IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { EVENT_STATUSES, type EventStatus } from '@pikaia/events';
import { IsIn, Matches } from 'class-validator';
import { CanonicalId, IsCanonicalId } from '../server/canonical.js';
import { PageLimit, PageStart } from '../server/page.request.js';

export const IsFingerprint = () => Matches(/^[0-9a-f]{16}$/, { message: '$property must have 16 hexadecimal digits' });

/** The filters of events. An unknown filter is refused. */
export class EventFilterRequest {
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

  @Description('The id of the person or the service that acted.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  actor_id?: string;

  @Description('A sink: selects the events that it receives, and `status` is that at this sink.')
  @OptionalField()
  @IsText({ min: 1, max: 200 })
  sink?: string;

  @Description('The status of the event across all sinks, or at the sink `sink`.')
  @OptionalField()
  @IsIn(EVENT_STATUSES)
  status?: EventStatus;

  @Description('A substring of the last error of any sink, case-insensitive.')
  @OptionalField()
  @IsText({ min: 3, max: 200 })
  error?: string;

  @Description('The fingerprint of the last error of any sink, as the failures of the overview have it.')
  @OptionalField()
  @IsFingerprint()
  fingerprint?: string;

  @Description('Inclusive lower bound of the time, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  from?: string;

  @Description('Exclusive upper bound, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  to?: string;
}

/** The query of the event list. */
export class FindEventsRequest extends EventFilterRequest {
  @PageLimit()
  limit: number = 20;

  @PageStart()
  cursor?: string;
}
