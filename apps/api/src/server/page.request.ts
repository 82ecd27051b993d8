import { OptionalField } from '@pikaia/core';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';

/** How many of the newest. */
export class LimitRequest {
  @OptionalField()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;
}

/** The part of a list's query that all lists share. */
export class PageRequest extends LimitRequest {
  @OptionalField()
  @IsString()
  @MaxLength(2000)
  cursor?: string;
}
