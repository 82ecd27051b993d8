import { OptionalField } from '@pikaia/core';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { IsMoment } from '../server/is-moment.js';
import { OptionalBody } from '../server/request.pipe.js';

/** At which sink; without it at every one that it concerns. */
@OptionalBody()
export class SinkRequest {
  @OptionalField()
  @IsString()
  @MaxLength(200)
  sink?: string;
}

/** Which events: all that agree with everything that is given. */
export class ReplayFilterRequest {
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

  @OptionalField()
  @IsString()
  @MaxLength(200)
  organization_id?: string;

  @OptionalField()
  @IsUUID('loose') // a trace id knows no version
  correlation_id?: string;

  /** Dead letters only, or only what was handed over. */
  @OptionalField()
  @IsIn(['failed', 'published'])
  status?: 'failed' | 'published';

  /** A part of the last error, in any case: dead letters only. */
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

export class ReplayEventsRequest extends SinkRequest {
  @IsObject()
  @ValidateNested()
  @Type(() => ReplayFilterRequest)
  filter!: ReplayFilterRequest;

  /** Only counts, unless it is false: a replay is looked at before it happens. */
  @OptionalField()
  @IsBoolean()
  dry_run: boolean = true;

  /** Events at most, at each sink. */
  @OptionalField()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  limit?: number;

  /** Events a second at most, at each sink. */
  @OptionalField()
  @IsInt()
  @Min(1)
  @Max(100_000)
  rate?: number;
}
