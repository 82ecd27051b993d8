import { OptionalField } from '@pikaia/core';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';

/** The query of a list with pages. */
export class PageRequest {
  @OptionalField()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;

  @OptionalField()
  @IsString()
  @MaxLength(2000)
  cursor?: string;
}
