import { Fields, Flag, Id, ListOf, OneOf, OrNull, Text } from '../openapi/schemas.js';

export const RESULT_TYPES = [
  'event',
  'audit_entry',
  'correlation',
  'command',
  'webhook_delivery',
  'person',
  'member',
  'organization',
] as const;

const SearchResult = Fields(
  {
    type: OneOf('What was found.', RESULT_TYPES),
    id: Id('Its id.'),
    organization_id: OrNull(
      Text('The organization. Null if it belongs to none, or to several.', '019c12f4-7175-7abc-8504-af03c46f1d1b'),
    ),
    label: OrNull(Text('The name or the type. Operators see names and addresses of people masked.', 'member.invited')),
    url: Text('The path that returns it.', '/api/v1/admin/events/019c12f4-7175-7abc-8504-af03c46f1d1b'),
  },
  { $id: 'SearchResult' },
);

export const SearchResultsView = Fields(
  {
    results: ListOf(SearchResult, 'At most 20 of each type.'),
    has_more: Flag('True if there are more: type a longer name.'),
  },
  { $id: 'SearchResults' },
);
