import type { WebhookEndpoint } from '@pikaia/webhooks';
import type { Static } from 'typebox';
import { Count, Fields, Id, ListOf, OneOf, OrNull, PageOf, Text, Timestamp } from '../openapi/schemas.js';

const endpointFields = {
  id: Id('The id of the endpoint.'),
  url: Text('The URL to which events are sent.', 'https://example.com/webhooks'),
  description: Text('What the endpoint is for.', 'Invoices'),
  event_types: ListOf(Text('A type of events, or `*`.', '*'), 'The types of events that are sent. `*` stands for all types.'),
  status: OneOf('A disabled endpoint gets no events.', ['enabled', 'disabled']),
  disabled_reason: OrNull(
    OneOf('`manual`: by an admin. `failing`: every attempt failed for a long time. `gone`: the receiver responded 410.', [
      'manual',
      'failing',
      'gone',
    ]),
  ),
  disabled_at: OrNull(Timestamp('The time at which the endpoint was disabled.')),
  failing_since: OrNull(Timestamp('The first of the failed attempts since the last success.')),
  created_at: Timestamp('The time at which the endpoint was registered. Earlier events are not sent.'),
};
const secret = Text('The signing secret. No other response contains it.', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=');

export const WebhookEndpointView = Fields(endpointFields, { $id: 'WebhookEndpoint' });
export const WebhookEndpointPage = PageOf(WebhookEndpointView);
export const CreatedWebhookEndpointView = Fields({ ...endpointFields, secret }, { $id: 'CreatedWebhookEndpoint' });

export const RotatedSecretView = Fields(
  { secret, previous_secrets_expire_at: Timestamp('The time at which the last of the replaced secrets stops signing.') },
  { $id: 'RotatedWebhookSecret' },
);

export const EventTypesView = Fields({
  data: ListOf(
    Fields(
      {
        type: Text('The type.', 'member.joined'),
        version: Count('The newest version of the data.', 1),
        description: Text('When the event occurs.', 'A person became an active member of an organization.'),
      },
      { $id: 'WebhookEventType' },
    ),
    'The types, in alphabetical order.',
  ),
});

/** Returns an endpoint as the api shows it. The ETag of the endpoint derives from it. */
export const webhookEndpointView = (endpoint: WebhookEndpoint): Static<typeof WebhookEndpointView> => ({
  id: endpoint.id,
  url: endpoint.url,
  description: endpoint.description,
  event_types: endpoint.eventTypes,
  status: endpoint.status,
  disabled_reason: endpoint.disabledReason,
  disabled_at: endpoint.disabledAt,
  failing_since: endpoint.failingSince,
  created_at: endpoint.createdAt,
});
