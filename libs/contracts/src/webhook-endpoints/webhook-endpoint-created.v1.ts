import { Description, DomainEvent } from '@pikaia/events';
import { IsArray, IsString, MaxLength } from 'class-validator';

@Description('An admin registered a URL to which events of the organization are sent.')
@DomainEvent('webhook_endpoint.created', {
  version: 1,
  aggregate: 'webhook_endpoint',
  producer: 'api',
  example: { url: 'https://example.com/webhooks', event_types: ['member.joined', 'member.removed'] },
})
export class WebhookEndpointCreated {
  @IsString()
  @MaxLength(2048)
  url!: string;

  @Description('The types of events that are sent. `*` stands for all.')
  @IsArray()
  @IsString({ each: true })
  event_types!: string[];
}
