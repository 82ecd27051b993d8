import { IsIP, IsISO8601, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { PageRequest } from '../server/page.request.js';

// A moment that every reader understands alike: date, time and zone. ISO 8601 has much that PostgreSQL has not.
const MOMENT = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;
const moment = { message: '$property must be a moment with its time zone, as 2026-01-31T08:30:00.000Z' };

/** Filters of the audit log; an unknown one is refused. */
export class FindAuditLogsRequest extends PageRequest {
  /** Exact, `member.invited`, or all of an aggregate, `member.*`. */
  @IsOptional()
  @Matches(/^[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)$/, { message: 'action must be written member.invited or member.*' })
  action?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  actor_id?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  aggregate_type?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  aggregate_id?: string;

  @IsOptional()
  @IsUUID('loose') // a trace id knows no version
  correlation_id?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  organization_id?: string;

  /** A field that the entry says was changed. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  changed?: string;

  @IsOptional()
  @IsIP(undefined, { message: 'ip_address must be an IPv4 or IPv6 address' })
  ip_address?: string;

  /** Inclusive, with a time zone. */
  @IsOptional()
  @IsISO8601({ strict: true }, moment)
  @Matches(MOMENT, moment)
  from?: string;

  /** Exclusive. */
  @IsOptional()
  @IsISO8601({ strict: true }, moment)
  @Matches(MOMENT, moment)
  to?: string;
}
