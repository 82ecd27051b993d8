import { applyDecorators } from '@nestjs/common';
import { Description, IsText, IsTimestamp, IsVisibleText, OptionalField, parseId } from '@pikaia/core';
import { COMMANDS, MAX_SELECTED_EVENTS, type CommandName } from '@pikaia/events';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsObject, Matches, ValidateNested } from 'class-validator';
import { ANY_UUID, CanonicalId, IsCanonicalId } from '../server/canonical.js';
import { IsIntegerBetween } from '../server/is-integer.js';
import { PageRequest } from '../server/page.request.js';
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

/** Accepts UUIDs in any spelling and converts them to the stored one. */
const IsEventIdList = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      Array.isArray(value) ? value.map((id: unknown) => (typeof id === 'string' ? (parseId(id) ?? id) : id)) : value,
    ),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(MAX_SELECTED_EVENTS),
    Matches(new RegExp(ANY_UUID), { each: true, message: 'each value in $property must be a UUID' }),
  );

/** Selects events. An event must match all given conditions. */
export class ReplayFilterRequest {
  @Description('The ids of the events.')
  @OptionalField()
  @IsEventIdList()
  event_ids?: string[];

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

/** Selects the events of a replay and their sinks. */
export class PreviewReplayRequest {
  @Description('Selects events. An event must match all given conditions, and there must be at least one.')
  @IsObject()
  @ValidateNested({ message: '$property must be an object' })
  @Type(() => ReplayFilterRequest)
  filter!: ReplayFilterRequest;

  @Description('The name of the sink. If absent, the replay goes to each sink that is not retired.')
  @OptionalField()
  @IsText({ min: 1, max: 200 })
  sink?: string;
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

/** The query of the list of commands. */
export class FindCommandsRequest extends PageRequest {
  @Description('The command.')
  @OptionalField()
  @IsIn(COMMANDS)
  command?: CommandName;

  @Description('`open`: only commands that at least one sink has not answered.')
  @OptionalField()
  @IsIn(['open'])
  state?: 'open';
}
