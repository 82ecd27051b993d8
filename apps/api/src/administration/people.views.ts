import { ROLES } from '@pikaia/contracts';
import { Fields, Id, ListOf, OneOf, OrNull, PageOf, Text, Timestamp } from '../openapi/schemas.js';
import { AuditEntryView } from './audit-log.views.js';
import { RelatedEventView } from './event.views.js';

const Membership = Fields(
  {
    member_id: Id('The id of the member.'),
    organization_id: Id('The organization.'),
    organization_name: Text('The name of the organization.', 'Acme'),
    role: OneOf('The role in the organization.', ROLES),
    status: OneOf('`invited` until the person accepts.', ['invited', 'active', 'removed']),
    invited_at: OrNull(Timestamp('The time of the last invitation.')),
    joined_at: OrNull(Timestamp('The time at which the person joined.')),
    removed_at: OrNull(Timestamp('The time at which the person was removed.')),
  },
  { $id: 'Membership' },
);

export const PersonView = Fields(
  {
    id: Id('The id of the person, which is the same in all organizations.'),
    email: Text('The email address, as the organization typed it. Masked for operators.', 'bob@example.com'),
    name: OrNull(Text('The name, as the organization typed it. Masked for operators.', 'Bob')),
    platform_role: OrNull(OneOf('The role on the platform, for operators to see.', ['operator', 'viewer'])),
    memberships: ListOf(Membership, 'The newest memberships that the caller may see, at most 100.'),
  },
  { $id: 'Person' },
);

const involvement = OneOf('`actor`: the person did it. `subject`: it was done to them.', ['actor', 'subject']);

const ActivityView = Fields(
  {
    ...AuditEntryView.properties,
    involvement,
    events: ListOf(RelatedEventView, 'The events that the same request published about the same object, oldest first.'),
  },
  { $id: 'Activity' },
);
export const ActivityPage = PageOf(ActivityView);

const { id, action, aggregate_type, aggregate_id, organization_id, actor_id, correlation_id, changed, created_at } =
  AuditEntryView.properties;
const client = (what: string) => `${what} of your request. Null for what others did.`;

export const OwnActivityPage = PageOf(
  Fields(
    {
      id,
      action,
      aggregate_type,
      aggregate_id,
      organization_id,
      actor_id,
      correlation_id,
      changed,
      created_at,
      involvement,
      ip_address: OrNull(Text(client('The address'), '192.0.2.1')),
      user_agent: OrNull(Text(client('The program'), 'curl/8.9.1')),
    },
    { $id: 'OwnActivity' },
  ),
);
