import { Description, DomainEvent } from '@pikaia/events';
import { IsString, MaxLength } from 'class-validator';

@Description('An admin deleted a webhook endpoint. Its pending deliveries are canceled.')
@DomainEvent('webhook_endpoint.deleted', {
  version: 1,
  aggregate: 'webhook_endpoint',
  producer: 'api',
  example: { url: 'https://example.com/webhooks' },
})
export class WebhookEndpointDeleted {
  @IsString()
  @MaxLength(2048)
  url!: string;
}
