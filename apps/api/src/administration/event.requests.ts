import { OptionalField } from '@pikaia/core';
import { IsIn, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';
import { IsMoment } from '../server/is-moment.js';
import { PageRequest } from '../server/page.request.js';

export const EVENT_STATUSES = ['pending', 'retrying', 'waiting', 'failed', 'skipped', 'published'] as const;

/** Filters of the list of events; an unknown one is refused. */
export class FindEventsRequest extends PageRequest {
  @OptionalField()
  @IsUUID()
  event_id?: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  event_type?: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  aggregate_type?: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  aggregate_id?: string;

  /** Operators choose; admins see their own whatever they ask for, and are refused another. */
  @OptionalField()
  @IsString()
  @MaxLength(200)
  organization_id?: string;

  @OptionalField()
  @IsUUID('loose') // a trace id knows no version
  correlation_id?: string;

  @OptionalField()
  @IsIn(EVENT_STATUSES)
  status?: (typeof EVENT_STATUSES)[number];

  /** A part of the last error of any sink, in any case. */
  @OptionalField()
  @IsString()
  @MinLength(3)
  @MaxLength(200)
  error?: string;

  /** When it occurred: inclusive, with a time zone. */
  @OptionalField()
  @IsMoment()
  from?: string;

  /** Exclusive. */
  @OptionalField()
  @IsMoment()
  to?: string;
}
