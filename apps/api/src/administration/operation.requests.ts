import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
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
  @IsOptional()
  @IsString()
  @MaxLength(200)
  sink?: string;
}

/** Which events: all that agree with everything that is given. */
export class ReplayFilterRequest {
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

  @IsOptional()
  @IsString()
  @MaxLength(200)
  organization_id?: string;

  @IsOptional()
  @IsUUID('loose') // a trace id knows no version
  correlation_id?: string;

  /** Dead letters only, or only what was handed over. */
  @IsOptional()
  @IsIn(['failed', 'published'])
  status?: 'failed' | 'published';

  /** A part of the last error, in any case: dead letters only. */
  @IsOptional()
  @IsString()
  @MinLength(3)
  @MaxLength(200)
  error?: string;

  /** When it occurred: inclusive, with a time zone. */
  @IsOptional()
  @IsMoment()
  from?: string;

  /** Exclusive. */
  @IsOptional()
  @IsMoment()
  to?: string;
}

export class ReplayEventsRequest extends SinkRequest {
  @IsObject()
  @ValidateNested()
  @Type(() => ReplayFilterRequest)
  filter!: ReplayFilterRequest;

  /** Only counts, unless it is false: a replay is looked at before it happens. */
  @IsOptional()
  @IsBoolean()
  dry_run: boolean = true;

  /** Events at most, at each sink. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  limit?: number;

  /** Events a second at most, at each sink. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  rate?: number;
}
