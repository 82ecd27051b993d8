import { IsISO8601, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { PageRequest } from '../server/page.request.js';

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
  @IsUUID()
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
  @IsString()
  @MaxLength(64)
  ip_address?: string;

  /** Inclusive, with a time zone. */
  @IsOptional()
  @IsISO8601({ strict: true })
  from?: string;

  /** Exclusive. */
  @IsOptional()
  @IsISO8601({ strict: true })
  to?: string;
}
