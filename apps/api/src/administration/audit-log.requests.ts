import { IsTimestamp, OptionalField } from '@pikaia/core';
import { IsIP, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { PageRequest } from '../server/page.request.js';

/** Filters of the audit log. An unknown filter is refused. */
export class FindAuditLogsRequest extends PageRequest {
  /** An exact action (`member.invited`), or all actions of an aggregate type (`member.*`). */
  @OptionalField()
  @Matches(/^[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)$/, { message: 'action must be written member.invited or member.*' })
  action?: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  actor_id?: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  aggregate_type?: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  aggregate_id?: string;

  @OptionalField()
  @IsUUID('loose') // a trace id has no UUID version
  correlation_id?: string;

  @OptionalField()
  @IsString()
  @MaxLength(200)
  organization_id?: string;

  /** The name of a changed field. */
  @OptionalField()
  @IsString()
  @MaxLength(200)
  changed?: string;

  @OptionalField()
  @IsIP(undefined, { message: 'ip_address must be an IPv4 or IPv6 address' })
  ip_address?: string;

  /** Inclusive lower bound, with a time zone. */
  @OptionalField()
  @IsTimestamp()
  from?: string;

  /** Exclusive upper bound, with a time zone. */
  @OptionalField()
  @IsTimestamp()
  to?: string;
}
