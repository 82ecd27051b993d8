import { Type } from 'typebox';
import { AnyObject, Count, Fields, Flag, ListOf, OneOf, OrNull, PageOf, Text } from '../openapi/schemas.js';

const Version = Fields(
  {
    version: Count('The version of the contract.', 1),
    is_current: Flag('True for the newest version, which is published. Stored events of the others are still delivered.', true),
    schema: AnyObject('The JSON Schema (2020-12) of the data.', { type: 'object', properties: { email: { type: 'string' } } }),
    example: AnyObject('An event as consumers receive it.', { event_type: 'member.invited', schema_version: 1 }),
  },
  { $id: 'ContractVersion' },
);

const Producer = Fields(
  {
    action: Text('The audit action that accompanies the event.', 'member.invited'),
    description: Text('What happens.', 'An admin invites a person.'),
    routes: ListOf(Text('A route, or a method that is not a route.', 'POST /api/v1/members/invitations')),
  },
  { $id: 'ContractProducer' },
);

const ContractView = Fields(
  {
    type: Text('The type of the event.', 'member.invited'),
    description: OrNull(Text('What the event says.', 'A person was invited to an organization.')),
    aggregate: Text('The type of the object that changed.', 'member'),
    source: Text('The source on the bus.', 'pikaia.member'),
    audience: OneOf(
      '`customers`: webhook endpoints of organizations can get the event. `internal`: only sinks of the system get it.',
      ['customers', 'internal'],
    ),
    publisher: OrNull(Text('The process that publishes the event. Null if the contract names none.', 'api')),
    versions: ListOf(Version, 'The versions, the newest first.'),
    producers: ListOf(Producer, 'The actions that publish the event.'),
    consumers: ListOf(Type.String({ examples: ['local/welcome-email'] }), 'The sinks that receive the type.'),
  },
  { $id: 'Contract' },
);

export const ContractPage = PageOf(ContractView);
