import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { PageRequest } from '../server/page.request.js';

export const EVENT_STATUSES = ['pending', 'retrying', 'waiting', 'failed', 'skipped', 'published'] as const;

/** Filters of the list of events; an unknown one is refused. */
export class FindEventsRequest extends PageRequest {
  @IsOptional()
  @IsUUID()
  event_id?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  event_type?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  aggregate_type?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  aggregate_id?: string;

  /** Operators choose; admins see their own whatever they ask for, and are refused another. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  organization_id?: string;

  @IsOptional()
  @IsUUID('loose') // a trace id knows no version
  correlation_id?: string;

  @IsOptional()
  @IsIn(EVENT_STATUSES)
  status?: (typeof EVENT_STATUSES)[number];
}
