import { randomUUID } from 'node:crypto';
import {
  MemberInvitationRevoked,
  MemberInvited,
  MemberJoined,
  MemberRemoved,
  MemberRoleChanged,
  MemberRoleChangedV2,
  OrganizationCreated,
  OrganizationDeleted,
  OrganizationUpdated,
  SubscriptionActivated,
  SubscriptionCanceled,
  SubscriptionUpdated,
  UserProfileUpdated,
  WebhookEndpointCreated,
  WebhookEndpointDeleted,
  WebhookEndpointDisabled,
  WebhookEndpointUpdated,
} from '@pikaia/contracts';
import { contractOf, type Contract, type SinkEvent } from '@pikaia/events';
// Uses the code of the sink, not an imitation.
import { toEntry } from '../../../libs/events/dist/sinks/eventbridge/bus-entry.js';

const subscription = { provider_id: 'sub_1', status: 'active', price_id: 'price_1', cancel_at_period_end: false };

/** Sample data of each contract. */
export const samples: readonly { readonly contract: Contract; readonly data: object }[] = [
  {
    contract: contractOf(MemberInvited),
    data: {
      email: 'bob@example.com',
      name: 'Bob',
      role: 'member',
      user_id: '0198a0a0-0000-7000-8000-000000000001',
      organization_name: 'Example',
      invited_by: { id: '5f0c3b1e-2a4d-4c59-9f51-0d6f0a9b7c11', email: 'alice@example.com' },
    },
  },
  {
    contract: contractOf(MemberInvitationRevoked),
    data: { user_id: '5f0c3b1e-2a4d-4c59-9f51-0d6f0a9b7c11', email: 'bob@example.com', role: 'member' },
  },
  {
    contract: contractOf(MemberJoined),
    data: { user_id: '5f0c3b1e-2a4d-4c59-9f51-0d6f0a9b7c11', email: 'bob@example.com', role: 'member' },
  },
  {
    contract: contractOf(MemberRemoved),
    data: { user_id: '5f0c3b1e-2a4d-4c59-9f51-0d6f0a9b7c11', email: 'bob@example.com', role: 'member' },
  },
  { contract: contractOf(MemberRoleChanged), data: { old_role: 'member', new_role: 'admin' } },
  {
    contract: contractOf(MemberRoleChangedV2),
    data: {
      user_id: '5f0c3b1e-2a4d-4c59-9f51-0d6f0a9b7c11',
      email: 'bob@example.com',
      old_role: 'member',
      new_role: 'admin',
    },
  },
  { contract: contractOf(OrganizationCreated), data: { name: 'Example', slug: 'example' } },
  { contract: contractOf(OrganizationDeleted), data: { name: 'Example', slug: 'example' } },
  { contract: contractOf(OrganizationUpdated), data: { changed: ['name'], old: { name: 'A' }, new: { name: 'B' } } },
  { contract: contractOf(SubscriptionActivated), data: subscription },
  { contract: contractOf(SubscriptionCanceled), data: { ...subscription, status: 'canceled' } },
  {
    contract: contractOf(SubscriptionUpdated),
    data: { ...subscription, quantity: 2, changed: ['quantity'], old: { quantity: 1 } },
  },
  { contract: contractOf(UserProfileUpdated), data: { email: 'bob@example.com', new_name: 'Bob' } },
  { contract: contractOf(WebhookEndpointCreated), data: { url: 'https://example.com/', event_types: ['*'] } },
  { contract: contractOf(WebhookEndpointDeleted), data: { url: 'https://example.com/' } },
  {
    contract: contractOf(WebhookEndpointDisabled),
    data: { url: 'https://example.com/', reason: 'gone', failing_since: '2026-01-31T08:30:00.000Z', error_code: 'status' },
  },
  {
    contract: contractOf(WebhookEndpointUpdated),
    data: { changed: ['status'], old: { status: 'enabled' }, new: { status: 'disabled' } },
  },
];

/** An event as EventBridge matches it against patterns: the entry of the sink, with the fields that the bus adds. */
export function delivered({ type, version, aggregate }: Contract, data: object): Record<string, unknown> {
  const event: SinkEvent = {
    position: '7',
    eventId: randomUUID(),
    eventType: type,
    schemaVersion: version,
    aggregateType: aggregate,
    aggregateId: randomUUID(),
    organizationId: randomUUID(),
    correlationId: randomUUID(),
    occurredAt: new Date(),
    payload: JSON.stringify({ event_type: type, schema_version: version, data }),
    attempt: 1,
  };
  const { Source, DetailType, Detail, Time, Resources } = toEntry(event, 'pikaia');
  return {
    version: '0',
    id: randomUUID(),
    account: '123456789012',
    region: 'eu-central-1',
    time: Time!.toISOString(),
    source: Source,
    'detail-type': DetailType,
    resources: Resources,
    detail: JSON.parse(Detail!),
  };
}
