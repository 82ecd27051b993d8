import { Description, DomainEvent, IsTimestamp, OptionalField } from '@pikaia/events';
import { IsIn, IsInt, IsString, MaxLength } from 'class-validator';

const REASONS = ['failing', 'gone'] as const;

@Description('A webhook endpoint was disabled because its receiver fails. An admin can enable it again.')
@DomainEvent('webhook_endpoint.disabled', {
  version: 1,
  aggregate: 'webhook_endpoint',
  producer: 'outbox-worker',
  example: {
    url: 'https://example.com/webhooks',
    reason: 'failing',
    failing_since: '2026-01-26T08:30:00.000Z',
    error_code: 'status',
    response_status: 500,
  },
})
export class WebhookEndpointDisabled {
  @IsString()
  @MaxLength(2048)
  url!: string;

  @Description('failing: every attempt failed for a long time. gone: the receiver responded 410.')
  @IsIn(REASONS)
  reason!: (typeof REASONS)[number];

  @Description('The first of the failed attempts since the last success.')
  @IsTimestamp()
  failing_since!: string;

  @Description('The kind of the last failure, such as timeout.')
  @IsString()
  @MaxLength(100)
  error_code!: string;

  @Description('The status of the last response. Absent if there was none.')
  @OptionalField()
  @IsInt()
  response_status?: number;
}
