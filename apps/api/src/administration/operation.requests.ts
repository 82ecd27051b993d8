import { Description, IsText, IsTimestamp, IsVisibleText, OptionalField } from '@pikaia/core';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsObject, ValidateNested } from 'class-validator';
import { CanonicalId, IsCanonicalId } from '../server/canonical.js';
import { IsIntegerBetween } from '../server/is-integer.js';
import { OptionalBody } from '../server/request.pipe.js';
import { IsFingerprint } from './event.requests.js';

/** Why the caller gives the command. */
@OptionalBody()
export class ReasonRequest {
  @Description('Why you do this. It is stored with the command and in the audit log, so name no personal data.')
  @OptionalField()
  @IsVisibleText({ max: 500 })
  reason?: string;
}

/** Selects one sink. If absent, the operation applies to each sink that has the event. */
@OptionalBody()
export class SinkRequest extends ReasonRequest {
  @Description('The name of the sink. If absent, the operation applies to each sink that has the event.')
  @OptionalField()
  @IsText({ min: 1, max: 200 })
  sink?: string;
}

/** Names the event type that a sink gives up. */
export class DropTypeRequest extends ReasonRequest {
  @Description('The event type that the sink gives up.')
  @IsText({ min: 1, max: 200 })
  event_type!: string;
}

/** Selects events. An event must match all given conditions. */
export class ReplayFilterRequest {
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

  @Description('Operators can choose an organization. Admins replay only their own.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  organization_id?: string;

  @Description('The correlation id of the request.')
  @OptionalField()
  @IsCanonicalId()
  correlation_id?: string;

  @Description('`failed` selects dead letters, `published` selects delivered events.')
  @OptionalField()
  @IsIn(['failed', 'published'])
  status?: 'failed' | 'published';

  @Description('A substring of the last error, case-insensitive. Selects only dead letters.')
  @OptionalField()
  @IsText({ min: 3, max: 200 })
  error?: string;

  @Description('The fingerprint of the last error. Selects only dead letters.')
  @OptionalField()
  @IsFingerprint()
  fingerprint?: string;

  @Description('The id of the person or the service that acted.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  actor_id?: string;

  @Description('Inclusive lower bound of the time of occurrence, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  from?: string;

  @Description('Exclusive upper bound, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  to?: string;
}

export class ReplayEventsRequest extends SinkRequest {
  @Description('Selects events. An event must match all given conditions, and there must be at least one.')
  @IsObject()
  @ValidateNested({ message: '$property must be an object' })
  @Type(() => ReplayFilterRequest)
  filter!: ReplayFilterRequest;

  @Description('If true, the replay only counts the events, so that an operator can check the filter first.')
  @OptionalField()
  @IsBoolean()
  dry_run: boolean = true;

  @Description('The maximum number of events for each sink.')
  @OptionalField()
  @IsIntegerBetween(1, 1_000_000_000)
  limit?: number;

  @Description('The maximum number of events per second for each sink.')
  @OptionalField()
  @IsIntegerBetween(1, 100_000)
  rate?: number;
}
