import { Description, IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { Matches } from 'class-validator';
import { CanonicalId, IsCanonicalAddress, IsCanonicalId } from '../server/canonical.js';
import { PageRequest } from '../server/page.request.js';

/** Filters of the audit log. An unknown filter is refused. */
export class FindAuditLogsRequest extends PageRequest {
  @Description('An exact action (`member.invited`), or all actions of an aggregate type (`member.*`).')
  @OptionalField()
  @Matches(/^[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)$/, { message: 'action must be written member.invited or member.*' })
  action?: string;

  @Description('The id of the person or the service that acted.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  actor_id?: string;

  @Description('The type of the object that changed.')
  @OptionalField()
  @IsText({ max: 200 })
  aggregate_type?: string;

  @Description('The id of the object that changed.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  aggregate_id?: string;

  @Description('The correlation id of the request.')
  @OptionalField()
  @IsCanonicalId()
  correlation_id?: string;

  @Description('Operators can choose an organization. Admins see only their own.')
  @OptionalField()
  @CanonicalId()
  @IsText({ max: 200 })
  organization_id?: string;

  @Description('The name of a changed field.')
  @OptionalField()
  @IsText({ max: 200 })
  changed?: string;

  @Description('The address of the client.')
  @OptionalField()
  @IsCanonicalAddress()
  ip_address?: string;

  @Description('Inclusive lower bound of the time, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  from?: string;

  @Description('Exclusive upper bound, with a time zone.')
  @OptionalField()
  @IsTimestamp()
  to?: string;
}
