import { Description, DomainEvent } from '@pikaia/events';
import { IsArray, IsObject, IsString } from 'class-validator';

@Description('An admin changed, enabled or disabled a webhook endpoint.')
@DomainEvent('webhook_endpoint.updated', {
  version: 1,
  aggregate: 'webhook_endpoint',
  producer: 'api',
  example: {
    changed: ['event_types'],
    old: { event_types: ['member.joined'] },
    new: { event_types: ['*'] },
  },
})
export class WebhookEndpointUpdated {
  @Description('The names of the fields that changed.')
  @IsArray()
  @IsString({ each: true })
  changed!: string[];

  @Description('The old values of the changed fields.')
  @IsObject()
  old!: Record<string, string | string[] | null>;

  @Description('The new values of the changed fields.')
  @IsObject()
  new!: Record<string, string | string[] | null>;
}
