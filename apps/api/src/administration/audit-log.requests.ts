import { IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { Matches } from 'class-validator';
import { CanonicalId, IsCanonicalAddress, IsCanonicalId } from '../server/canonical.js';
import { PageRequest } from '../server/page.request.js';

/** Filters of the audit log. An unknown filter is refused. */
export class FindAuditLogsRequest extends PageRequest {
  /** An exact action (`member.invited`), or all actions of an aggregate type (`member.*`). */
  @OptionalField()
  @Matches(/^[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)$/, { message: 'action must be written member.invited or member.*' })
  action?: string;

  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  actor_id?: string;

  @OptionalField()
  @IsText({ max: 200 })
  aggregate_type?: string;

  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  aggregate_id?: string;

  @OptionalField()
  @IsCanonicalId()
  correlation_id?: string;

  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  organization_id?: string;

  /** The name of a changed field. */
  @OptionalField()
  @IsText({ max: 200 })
  changed?: string;

  @OptionalField()
  @IsCanonicalAddress()
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
